// Matrix product for subgroups of 8 lanes (lavapipe), columns by fours: y = f(a b), f by p.epilogue.
//   y[g, i, j] = f( sum over l < k of a[g, i, l] * b[g, l, j] )
// Needs b_col = 1 and n, b_row, b_group multiples of 4; a is strided. Other b: matmul_subgroup.wgsl, or pack first.
// A subgroup computes 8 TM rows x 32 TN columns: a step of l loads one a a lane (lane = row), spreads it with shuffles,
// and TN vectors of b a lane (lane = four columns). Loads, not arithmetic, are the bound there, a vec4 load costs half
// of four scalar ones, and a loop body beyond the instruction cache halves the rate: so no unrolling over l.
// WEIGHTED: step l counts c[g, l] times, and one of weight 0 not at all, whatever a and b hold there; steps add up in
// chains of CHAIN, these in splits: y is [groups, splits, m, n].
// Grid: (ceil(n / (32 TN)), ceil(m / (8 TM SUBGROUPS)), groups). Plain composition: matmul_naive.wgsl.
enable subgroups;

//@use matmul_params
//@use epilogue
alias V = vec4f;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> c: array<vec4f>; // bias [groups / c_div, n], mask [groups, m, n] or weights
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
override WEIGHTED: bool = false;
override CHAIN: u32 = 64u;

const TM = 2u; //@spec 1 2
const TN = 2u; //@spec 1 2
const SUBGROUPS = 2u; //@spec 1 2 4
const ROWS = 8u * TM;
const THREADS = 8u * SUBGROUPS;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_index) local: u32,
        @builtin(subgroup_invocation_id) lane: u32) {
  let g = select(tile.z, tile.z / p.splits, WEIGHTED);
  let n4 = p.n / 4u;
  let b_row = p.b_row / 4u;
  let row0 = (tile.y * SUBGROUPS + local / 8u) * ROWS;
  let col0 = tile.x * (8u * TN) + lane;

  // Rows and columns past the edge are computed from the last one and not stored.
  var a_at: array<u32, TM>;
  for (var t = 0u; t < TM; t++) {
    a_at[t] = g / p.a_div * p.a_group + min(row0 + 8u * t + lane, p.m - 1u) * p.a_row;
  }
  var b_at: array<u32, TN>;
  for (var t = 0u; t < TN; t++) { b_at[t] = g / p.b_div * (p.b_group / 4u) + min(col0 + 8u * t, n4 - 1u); }

  var sum: array<vec4f, ROWS * TN>;
  var total: array<vec4f, ROWS * TN>; // of the chains so far
  let range = select(vec2u(0u, p.k), steps(tile.z), WEIGHTED); // divisions are slow
  let chain = select(p.chunk, CHAIN, WEIGHTED);
  for (var start = range.x; start < range.y; start += chain) {
    if (WEIGHTED) {
      for (var i = 0u; i < ROWS * TN; i++) {
        total[i] += sum[i];
        sum[i] = vec4f(0.0);
      }
    }
    for (var l = start; l < min(start + chain, range.y); l++) {
      var weight = 1.0;
      if (WEIGHTED) { weight = c[(g * p.k + l) / 4u][(g * p.k + l) % 4u]; }
      if (weight == 0.0) { continue; }
      var x: array<f32, TM>;
      for (var t = 0u; t < TM; t++) { x[t] = a[a_at[t] + l * p.a_col]; }
      var w: array<vec4f, TN>;
      for (var t = 0u; t < TN; t++) { w[t] = weight * b[b_at[t] + l * b_row]; }
      for (var i = 0u; i < ROWS; i++) {
        let s = vec4f(subgroupShuffle(x[i / 8u], i % 8u));
        for (var j = 0u; j < TN; j++) { sum[i * TN + j] = fma(s, w[j], sum[i * TN + j]); }
      }
    }
  }
  if (WEIGHTED) {
    for (var i = 0u; i < ROWS * TN; i++) { sum[i] += total[i]; }
  }

  var bias: array<vec4f, TN>;
  if (has(BIAS)) {
    for (var j = 0u; j < TN; j++) { bias[j] = c[g / p.c_div * n4 + min(col0 + 8u * j, n4 - 1u)]; }
  }
  for (var i = 0u; i < ROWS; i++) {
    for (var j = 0u; j < TN; j++) {
      let at = (tile.z * p.m + row0 + i) * n4 + col0 + 8u * j;
      if (row0 + i < p.m && col0 + 8u * j < n4) {
        y[at] = sloped(sum[i * TN + j] + bias[j], at);
      }
    }
  }

  // tanh is rare and long: a second, rolled sweep over the own outputs keeps the code short.
  if (has(TANH)) {
    for (var i = row0; i < min(row0 + ROWS, p.m); i++) {
      for (var j = col0; j < min(col0 + 8u * TN, n4); j += 8u) {
        let at = (g * p.m + i) * n4 + j;
        y[at] = bounded(y[at]);
      }
    }
  }
}
