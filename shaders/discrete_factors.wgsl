// v[r] = what row r is multiplied by: 1 / h where its norm is at most C, else C / (norm h) rounded down; 0 where an
// element is not finite. Integers throughout, so every adapter gives the same bits. The norm is bounded from above:
// elements as multiples of 2^-14 of the largest one's power of two, rounded up, squared and summed in 64 bits; the root
// rounded up.
// Shapes: x [rows, width] as bits of f32, v [rows]. C = c_mantissa 2^c_exponent, 2^23 <= c_mantissa < 2^24; h =
// 2^-bits.
// Grid: (rows, 1, 1). width < 2^31.
struct Params { width: u32, c_mantissa: u32, c_exponent: i32, bits: i32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> v: array<f32>;
var<workgroup> part: array<vec2u, 64>;   // low, high
var<workgroup> top: array<u32, 64>;

fn add64(a: vec2u, b: vec2u) -> vec2u {
  let low = a.x + b.x;
  return vec2u(low, a.y + b.y + select(0u, 1u, low < a.x));
}

fn square64(a: u32) -> vec2u {
  let low = a & 0xffffu;
  let high = a / 65536u;
  let middle = low * high;
  return add64(vec2u(low * low, high * high), vec2u(middle << 17u, middle >> 15u));
}

// The least integer whose square is at least s < 2^62.
fn root_up(s: vec2u) -> u32 {
  var r = 0u;
  for (var bit = 0x40000000u; bit != 0u; bit = bit / 2u) {
    let q = square64(r + bit);
    if (q.y < s.y || (q.y == s.y && q.x <= s.x)) { r += bit; }
  }
  let q = square64(r);
  return r + select(0u, 1u, any(q != s));
}

// floor(a 2^32 / b) for a < b, b >= 2^31.
fn divide(a: u32, b: u32) -> u32 {
  var rest = a;
  var q = 0u;
  for (var i = 0u; i < 32u; i++) {
    let carry = rest >= 0x80000000u;
    rest = rest << 1u;
    q = q << 1u;
    if (carry || rest >= b) { rest -= b; q += 1u; }
  }
  return q;
}

// mantissa 2^exponent for 2^23 <= mantissa < 2^24; 0 below the normal numbers, which adapters may flush or not.
fn float(mantissa: u32, exponent: i32) -> f32 {
  let field = exponent + 150;
  if (field <= 0) { return 0.0; }
  return bitcast<f32>((u32(field) << 23u) | (mantissa & 0x7fffffu));
}

fn factor(largest: u32, squares: vec2u) -> f32 {
  if (largest >= 0x7f800000u) { return 0.0; }
  let whole = float(0x800000u, p.bits - 23);
  if (largest == 0u) { return whole; }
  // norm <= root 2^e
  let root = root_up(squares);
  let e = i32(max(largest >> 23u, 1u)) - 127 - 14;
  let shift = p.c_exponent - e;
  if (shift > 8) { return whole; }
  if (shift >= 0 && root <= p.c_mantissa << u32(shift)) { return whole; }
  if (shift < 0 && shift > -24 && root <= p.c_mantissa >> u32(-shift)) { return whole; }
  let zeros = countLeadingZeros(root);
  var q = divide(p.c_mantissa, root << zeros);
  var exponent = shift - 32 + i32(zeros) + p.bits;
  if (q >= 0x1000000u) { q = q / 2u; exponent += 1; }
  // Less by 2^-22, for the product with an element may be rounded up by 2^-24.
  q -= 4u;
  if (q < 0x800000u) { q = q * 2u; exponent -= 1; }
  return float(q, exponent);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_index) me: u32) {
  let start = wg.x * p.width;
  var most = 0u;
  for (var i = me; i < p.width; i += 64u) { most = max(most, x[start + i] & 0x7fffffffu); }
  top[me] = most;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (me < half) { top[me] = max(top[me], top[me + half]); }
  }
  workgroupBarrier();
  most = top[0];
  // Of numbers below the normal ones the smallest normal is an upper bound.
  let field = max(most >> 23u, 1u);
  var sum = vec2u(0u);
  for (var i = me; i < p.width; i += 64u) {
    let bits = x[start + i] & 0x7fffffffu;
    if (bits != 0u) {
      let own = bits >> 23u;
      let mantissa = select(0x800000u, (bits & 0x7fffffu) | 0x800000u, own > 0u);
      let shift = min(9u + field - max(own, 1u), 31u);
      let m = min((mantissa + (1u << shift) - 1u) >> shift, 0x8000u);
      sum = add64(sum, vec2u(m * m, 0u));
    }
  }
  part[me] = sum;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (me < half) { part[me] = add64(part[me], part[me + half]); }
  }
  if (me == 0u) { v[wg.x] = factor(most, part[0]); }
}
