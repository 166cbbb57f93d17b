// y[o] = scale * x[base + sum_k (o_k - lo_k) * stride_k] inside the window, 0 outside: slices, pads, permutations and
// broadcasts are all this. Shapes: y has `dims` (innermost first), the window of axis k is lo_k <= o_k < lo_k + size_k.
// Grid: any number of workgroups in x; each thread takes elements `threads` apart.
struct Params {
  n: u32, threads: u32, base: u32, scale: f32,
  dims: array<vec4u, 2>, lo: array<vec4u, 2>, size: array<vec4u, 2>, stride: array<vec4u, 2>,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var i = id.x; i < p.n; i += p.threads) {
    var rest = i;
    var at = p.base;
    var inside = true;
    for (var k = 0u; k < 8u; k++) {
      let d = p.dims[k / 4u][k % 4u];
      let q = rest / d;
      // An index below lo wraps to a huge one, so one comparison checks both ends.
      let o = rest - q * d - p.lo[k / 4u][k % 4u];
      inside = inside && o < p.size[k / 4u][k % 4u];
      at += o * p.stride[k / 4u][k % 4u];
      rest = q;
    }
    if (inside) { y[i] = p.scale * x[at]; } else { y[i] = 0.0; }
  }
}
