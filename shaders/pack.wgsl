// y[at_i + j] = x_i[j], or with ADD plus what is there: up to seven tensors into their places of one flat buffer, in
// one dispatch.
// Shapes: x_i [size_i], y at least [at_i + size_i]. Grid: (any, pieces), elements `threads` apart.
struct Params { threads: u32, size: array<vec4u, 2>, at: array<vec4u, 2> }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x0: array<f32>;
@group(0) @binding(2) var<storage, read> x1: array<f32>;
@group(0) @binding(3) var<storage, read> x2: array<f32>;
@group(0) @binding(4) var<storage, read> x3: array<f32>;
@group(0) @binding(5) var<storage, read> x4: array<f32>;
@group(0) @binding(6) var<storage, read> x5: array<f32>;
@group(0) @binding(7) var<storage, read> x6: array<f32>;
@group(0) @binding(8) var<storage, read_write> y: array<f32>;
override ADD: bool = false;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) wg: vec3u) {
  let size = p.size[wg.y / 4u][wg.y % 4u];
  let at = p.at[wg.y / 4u][wg.y % 4u];
  for (var i = id.x; i < size; i += p.threads) {
    var v: f32;
    switch (wg.y) {
      case 0u: { v = x0[i]; }
      case 1u: { v = x1[i]; }
      case 2u: { v = x2[i]; }
      case 3u: { v = x3[i]; }
      case 4u: { v = x4[i]; }
      case 5u: { v = x5[i]; }
      default: { v = x6[i]; }
    }
    if (ADD) { v += y[at + i]; }
    y[at + i] = v;
  }
}
