// The readable specification of nearest.wgsl: the K nearest rows of each query by squared distance, from differences.
//   lists[:, j] = the K least of lists[:, j] and { (sum over l of (x[i, l] - q[j, l])^2, first + i) }, ascending, ties
//   by lower index.
// Shapes: x [rows, width], q [queries, width], scores and indices [K, queries].
// Grid: (ceil(queries / 64), 1, 1): a thread takes one query over all rows.
struct Params { rows: u32, queries: u32, width: u32, first: u32, fresh: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> q: array<f32>;
@group(0) @binding(3) var<storage, read_write> scores: array<f32>;
@group(0) @binding(4) var<storage, read_write> indices: array<u32>;

const K = 8u; //@spec 8 16 24

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x;
  if (j >= p.queries) { return; }
  if (p.fresh != 0u) {
    for (var r = 0u; r < K; r++) {
      scores[r * p.queries + j] = 3.4028234e38;
      indices[r * p.queries + j] = 0xffffffffu;
    }
  }
  for (var i = 0u; i < p.rows; i++) {
    var squared = 0.0;
    for (var l = 0u; l < p.width; l++) {
      let difference = x[i * p.width + l] - q[j * p.width + l];
      squared += difference * difference;
    }
    var r = K;
    while (r > 0u && squared < scores[(r - 1u) * p.queries + j]) {
      if (r < K) {
        scores[r * p.queries + j] = scores[(r - 1u) * p.queries + j];
        indices[r * p.queries + j] = indices[(r - 1u) * p.queries + j];
      }
      r--;
    }
    if (r < K) {
      scores[r * p.queries + j] = squared;
      indices[r * p.queries + j] = p.first + i;
    }
  }
}
