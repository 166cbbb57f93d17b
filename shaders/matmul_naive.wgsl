// y[g] = epilogue(A[g] B[g]): the readable specification of every matmul kernel.
// Shapes: y [groups, m, n] contiguous; a and b by strides, group g reads block g / a_div and g / b_div.
// Grid: (ceil(n / 8), ceil(m / 8), groups).
struct Params {
  m: u32, n: u32, k: u32, groups: u32,
  a_row: u32, a_col: u32, b_row: u32, b_col: u32,
  a_group: u32, b_group: u32, a_div: u32, b_div: u32, c_div: u32,
  epilogue: u32, slope: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x; let i = id.y; let g = id.z;
  if (i >= p.m || j >= p.n) { return; }
  var acc = 0.0;
  for (var l = 0u; l < p.k; l++) {
    acc += a[(g / p.a_div) * p.a_group + i * p.a_row + l * p.a_col] * b[(g / p.b_div) * p.b_group + l * p.b_row + j * p.b_col];
  }
  let at = (g * p.m + i) * p.n + j;
  if (p.epilogue == 1u || p.epilogue == 2u || p.epilogue == 4u) { acc += c[(g / p.c_div) * p.n + j]; }
  if (p.epilogue == 2u || p.epilogue == 5u) { acc = select(p.slope * acc, acc, acc > 0.0); }
  if (p.epilogue == 3u) { acc *= select(p.slope, 1.0, c[at] > 0.0); }
  if (p.epilogue == 4u) { acc = tanh(clamp(acc, -15.0, 15.0)); }
  y[at] = acc;
}
