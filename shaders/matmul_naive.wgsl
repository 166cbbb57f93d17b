// Matrix product, the readable specification: one thread an output.
//   y[g, i, j] = f( sum over l < k of a[g, i, l] * b[g, l, j] ),  f by p.epilogue
// a and b are strided (a transpose is a pair of strides) and shared by a_div, b_div neighbouring groups; y is
// [groups, m, n], contiguous.
// WEIGHTED: step l counts c[g, l] times, and one of weight 0 not at all, whatever a and b hold there; steps add up in
// chains of CHAIN, these in splits: y is [groups, splits, m, n].
// Grid: (ceil(n / WG_X), ceil(m / WG_Y), groups). Every matmul_*.wgsl has these bindings and this result; this one is
// the plain composition of the others.
//@use matmul_finish
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>; // bias [groups / c_div, n], mask [groups, m, n] or weights
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
override WEIGHTED: bool = false;
override CHAIN: u32 = 64u;

override WG_X = 8u;
override WG_Y = 8u;

@compute @workgroup_size(WG_X, WG_Y)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y;
  let j = id.x;
  let g = select(id.z, id.z / p.splits, WEIGHTED);
  let range = select(vec2u(0u, p.k), steps(id.z), WEIGHTED);
  if (i >= p.m || j >= p.n) { return; }
  let a_at = g / p.a_div * p.a_group + i * p.a_row;
  let b_at = g / p.b_div * p.b_group + j * p.b_col;
  let chain = select(p.chunk, CHAIN, WEIGHTED);
  var total = 0.0;
  for (var start = range.x; start < range.y; start += chain) {
    var sum = 0.0;
    for (var l = start; l < min(start + chain, range.y); l++) {
      var weight = 1.0;
      if (WEIGHTED) { weight = c[g * p.k + l]; }
      if (weight == 0.0) { continue; }
      sum = fma(a[a_at + l * p.a_col], weight * b[b_at + l * p.b_row], sum);
    }
    total += sum;
  }
  y[(id.z * p.m + i) * p.n + j] = finish(total, g, i, j);
}
