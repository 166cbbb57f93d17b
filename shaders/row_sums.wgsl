// y[at + i, s] = sum over j of x_i[s, j], or of its square where bit i of `squared` is set: up to seven tensors, sample
// by sample, in one dispatch.
// Shapes: x_i [samples, width_i], y at least [at + pieces, samples].
// Read by fours, which costs half; what of the first and last four belongs to other samples counts for nothing.
// LANES threads share a sample, in strides, then a tree: the order is fixed. A loop a tensor: a software adapter would
// go through every case of a switch inside the loop.
// Grid: (ceil(samples / ROWS), pieces).
struct Params { samples: u32, at: u32, squared: u32, width: array<vec4u, 2> }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x0: array<vec4f>;
@group(0) @binding(2) var<storage, read> x1: array<vec4f>;
@group(0) @binding(3) var<storage, read> x2: array<vec4f>;
@group(0) @binding(4) var<storage, read> x3: array<vec4f>;
@group(0) @binding(5) var<storage, read> x4: array<vec4f>;
@group(0) @binding(6) var<storage, read> x5: array<vec4f>;
@group(0) @binding(7) var<storage, read> x6: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> y: array<f32>;
override LANES: u32 = 8u;
override ROWS: u32 = 8u;
var<workgroup> part: array<f32, 64>;

fn term(v: vec4f, at: u32, width: u32, squared: bool) -> f32 {
  let own = select(vec4f(0.0), v, vec4u(at, at + 1u, at + 2u, at + 3u) < vec4u(width));
  return dot(own, select(vec4f(1.0), own, squared));
}

@compute @workgroup_size(LANES, ROWS)
fn main(@builtin(workgroup_id) wg: vec3u, @builtin(local_invocation_id) me: vec3u) {
  let s = wg.x * ROWS + me.y;
  let width = p.width[wg.y / 4u][wg.y % 4u];
  let square = ((p.squared >> wg.y) & 1u) == 1u;
  let first = s * width;
  let start = first / 4u + me.x;
  let end = select(0u, (first + width + 3u) / 4u, s < p.samples);
  var sum = 0.0;
  switch (wg.y) {
    case 0u: { for (var i = start; i < end; i += LANES) { sum += term(x0[i], 4u * i - first, width, square); } }
    case 1u: { for (var i = start; i < end; i += LANES) { sum += term(x1[i], 4u * i - first, width, square); } }
    case 2u: { for (var i = start; i < end; i += LANES) { sum += term(x2[i], 4u * i - first, width, square); } }
    case 3u: { for (var i = start; i < end; i += LANES) { sum += term(x3[i], 4u * i - first, width, square); } }
    case 4u: { for (var i = start; i < end; i += LANES) { sum += term(x4[i], 4u * i - first, width, square); } }
    case 5u: { for (var i = start; i < end; i += LANES) { sum += term(x5[i], 4u * i - first, width, square); } }
    default: { for (var i = start; i < end; i += LANES) { sum += term(x6[i], 4u * i - first, width, square); } }
  }
  let own = me.y * LANES + me.x;
  part[own] = sum;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (me.x < half) { part[own] += part[own + half]; }
  }
  if (me.x == 0u && s < p.samples) { y[(p.at + wg.y) * p.samples + s] = part[own]; }
}
