// y = [a | b] along the middle axis. Shapes: a [outer, an, inner], b [outer, bn, inner], y [outer, an + bn, inner];
// am = an * inner, bm = bn * inner. Grid: any number of workgroups in x, elements `threads` apart.
struct Params { n: u32, threads: u32, am: u32, bm: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = p.am + p.bm;
  for (var i = id.x; i < p.n; i += p.threads) {
    let o = i / row;
    let r = i - o * row;
    if (r < p.am) { y[i] = a[o * p.am + r]; } else { y[i] = b[o * p.bm + r - p.am]; }
  }
}
