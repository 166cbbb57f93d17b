// y[j, :] = sum over r with index[start + r] = j of x[r, :], in order of r: the adjoint of gather, without atomics.
// Shapes: x [rows, width], index [any], y [records, width].
// Grid: any number of workgroups in x, elements `threads` apart.
//@use step
struct Params { n: u32, threads: u32, width: u32, rows: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
override STEP: bool = false;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let start = select(0u, s.index, STEP);
  let last = p.n / p.width - 1u;
  for (var i = id.x; i < p.n; i += p.threads) {
    let j = i / p.width;
    let column = i - j * p.width;
    var acc = 0.0;
    for (var r = 0u; r < p.rows; r++) {
      if (min(index[start + r], last) == j) { acc += x[r * p.width + column]; }
    }
    y[i] = acc;
  }
}
