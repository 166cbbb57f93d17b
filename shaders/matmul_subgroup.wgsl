// Matrix product for subgroups of 8 lanes (lavapipe), any strides: y = f(a b), f by p.epilogue.
//   y[g, i, j] = f( sum over l < k of a[g, i, l] * b[g, l, j] )
// A subgroup computes 8 TM rows x 8 TN columns: a step of l loads one a a lane (lane = row), spreads it with shuffles,
// and TN of b a lane (lane = column). Loads, not arithmetic, are the bound there, and a loop body beyond the
// instruction cache halves the rate: so no unrolling over l. Where columns of b are adjacent and their number is a
// multiple of 4, matmul_subgroup4.wgsl is faster.
// WEIGHTED: step l counts c[g, l] times, and one of weight 0 not at all, whatever a and b hold there; steps add up in
// chains of CHAIN, these in splits: y is [groups, splits, m, n].
// Grid: (ceil(n / (8 TN)), ceil(m / (8 TM SUBGROUPS)), groups). Plain composition: matmul_naive.wgsl.
enable subgroups;

//@use matmul_params
//@use epilogue
alias V = f32;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>; // bias [groups / c_div, n], mask [groups, m, n] or weights
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
override WEIGHTED: bool = false;
override CHAIN: u32 = 64u;

const TM = 2u; //@spec 1 2
const TN = 4u; //@spec 2 4
const SUBGROUPS = 2u; //@spec 1 2 4
const ROWS = 8u * TM;
const THREADS = 8u * SUBGROUPS;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_index) local: u32,
        @builtin(subgroup_invocation_id) lane: u32) {
  let g = select(tile.z, tile.z / p.splits, WEIGHTED);
  let row0 = (tile.y * SUBGROUPS + local / 8u) * ROWS;
  let col0 = tile.x * (8u * TN) + lane;

  // Rows and columns past the edge are computed from the last one and not stored.
  var a_at: array<u32, TM>;
  for (var t = 0u; t < TM; t++) {
    a_at[t] = g / p.a_div * p.a_group + min(row0 + 8u * t + lane, p.m - 1u) * p.a_row;
  }
  var b_at: array<u32, TN>;
  for (var t = 0u; t < TN; t++) { b_at[t] = g / p.b_div * p.b_group + min(col0 + 8u * t, p.n - 1u) * p.b_col; }

  var sum: array<f32, ROWS * TN>;
  var total: array<f32, ROWS * TN>; // of the chains so far
  let range = select(vec2u(0u, p.k), steps(tile.z), WEIGHTED); // divisions are slow
  let chain = select(p.chunk, CHAIN, WEIGHTED);
  for (var start = range.x; start < range.y; start += chain) {
    if (WEIGHTED) {
      for (var i = 0u; i < ROWS * TN; i++) {
        total[i] += sum[i];
        sum[i] = 0.0;
      }
    }
    for (var l = start; l < min(start + chain, range.y); l++) {
      var weight = 1.0;
      if (WEIGHTED) { weight = c[g * p.k + l]; }
      if (weight == 0.0) { continue; }
      var x: array<f32, TM>;
      for (var t = 0u; t < TM; t++) { x[t] = a[a_at[t] + l * p.a_col]; }
      var w: array<f32, TN>;
      for (var t = 0u; t < TN; t++) { w[t] = weight * b[b_at[t] + l * p.b_row]; }
      for (var i = 0u; i < ROWS; i++) {
        let s = subgroupShuffle(x[i / 8u], i % 8u);
        for (var j = 0u; j < TN; j++) { sum[i * TN + j] = fma(s, w[j], sum[i * TN + j]); }
      }
    }
  }
  if (WEIGHTED) {
    for (var i = 0u; i < ROWS * TN; i++) { sum[i] += total[i]; }
  }

  var bias: array<f32, TN>;
  if (has(BIAS)) {
    for (var j = 0u; j < TN; j++) { bias[j] = c[g / p.c_div * p.n + min(col0 + 8u * j, p.n - 1u)]; }
  }
  for (var i = 0u; i < ROWS; i++) {
    for (var j = 0u; j < TN; j++) {
      let at = (tile.z * p.m + row0 + i) * p.n + col0 + 8u * j;
      if (row0 + i < p.m && col0 + 8u * j < p.n) {
        y[at] = sloped(sum[i * TN + j] + bias[j], at);
      }
    }
  }

  // tanh is rare and long: a second, rolled sweep over the own outputs keeps the code short.
  if (has(TANH)) {
    for (var i = row0; i < min(row0 + ROWS, p.m); i++) {
      for (var j = col0; j < min(col0 + 8u * TN, p.n); j += 8u) {
        let at = (g * p.m + i) * p.n + j;
        y[at] = bounded(y[at]);
      }
    }
  }
}
