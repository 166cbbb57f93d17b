// y[g, b] = 1 for the rows of group g that count (b < live[g] of the step block), 0 for the padding behind them up to
// `padded`, and 1 for the rows behind that.
// Shapes: y [groups, batch].
// Grid: any number of workgroups in x, elements `threads` apart.
//@use step
struct Params { n: u32, threads: u32, batch: u32, padded: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var i = id.x; i < p.n; i += p.threads) {
    let g = i / p.batch;
    let b = i - g * p.batch;
    y[i] = select(0.0, 1.0, b < s.live[g / 4u][g % 4u] || b >= p.padded);
  }
}
