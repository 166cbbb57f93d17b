// The K rows with the least score for each query, kept while tiles of rows go by: for query j and strip s
//   lists[s, :, j] = the K least of lists[s, :, j] and { (score(i, j), first + i) : i in strip s }, ascending, where
//   score(i, j) = norms[i] - 2 dots[i, j], the squared distance |x_i - q_j|^2 less |q_j|^2; ties by lower index.
// Shapes: dots [rows, queries], norms [rows], scores and indices [strips, K, queries]; a strip is `strip` rows.
// Grid: (ceil(queries / 64), strips, 1): a thread walks a strip for one query, its neighbours read the next columns.
// Plain composition: all distances by differences and a sort; nearest_naive.wgsl computes them without a product.
struct Params { rows: u32, queries: u32, strip: u32, first: u32, fresh: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> dots: array<f32>;
@group(0) @binding(2) var<storage, read> norms: array<f32>;
@group(0) @binding(3) var<storage, read_write> scores: array<f32>;
@group(0) @binding(4) var<storage, read_write> indices: array<u32>;

const K = 8u; //@spec 8 16 24

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x;
  if (j >= p.queries) { return; }
  let base = id.y * K * p.queries + j;
  var score: array<f32, K>;
  var index: array<u32, K>;
  for (var r = 0u; r < K; r++) { //@unroll
    score[r] = 3.4028234e38;
    index[r] = 0xffffffffu;
    if (p.fresh == 0u) {
      score[r] = scores[base + r * p.queries];
      index[r] = indices[base + r * p.queries];
    }
  }
  let end = min((id.y + 1u) * p.strip, p.rows);
  for (var i = id.y * p.strip; i < end; i++) {
    let v = norms[i] - 2.0 * dots[i * p.queries + j];
    if (v < score[K - 1u]) {
      // From its place on, each entry moves down by one; v < score[r] holds from there to the end.
      var held = v;
      var at = p.first + i;
      for (var r = 0u; r < K; r++) { //@unroll
        let before = v < score[r];
        let s = select(held, score[r], before);
        let t = select(at, index[r], before);
        score[r] = select(score[r], held, before);
        index[r] = select(index[r], at, before);
        held = s;
        at = t;
      }
    }
  }
  for (var r = 0u; r < K; r++) { //@unroll
    scores[base + r * p.queries] = score[r];
    indices[base + r * p.queries] = index[r];
  }
}
