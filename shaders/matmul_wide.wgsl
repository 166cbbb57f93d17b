// Matrix product with few rows (m <= R): y = f(a b), f by p.epilogue. The bound is reading b once.
//   y[g, i, j] = f( sum over l < k of a[g, i, l] * b[g, l, j] )
// Needs b_col = 1 and n, b_row, b_group multiples of 4. A thread computes all rows of T vectors of four columns.
// WEIGHTED: step l counts c[g, l] times, and one of weight 0 not at all, whatever a and b hold there; steps add up in
// chains of CHAIN, these in splits: y is [groups, splits, m, n].
// Grid: (ceil(n / (4 T WG)), 1, groups). Plain composition: matmul_naive.wgsl. Its mirror image: matmul_tall.wgsl.
//@use matmul_finish
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> c: array<f32>; // bias [groups / c_div, n], mask [groups, m, n] or weights
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
override WEIGHTED: bool = false;
override CHAIN: u32 = 64u;

override WG = 8u;
const R = 2u; //@spec 1 2 4
const T = 2u; //@spec 1 2 4

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_index) local: u32) {
  let g = select(tile.z, tile.z / p.splits, WEIGHTED);
  let n4 = p.n / 4u;
  let b_row = p.b_row / 4u;
  let col0 = tile.x * (WG * T) + local; // in vectors

  // Rows and columns past the edge are computed from the last one and not stored.
  var a_at: array<u32, R>;
  for (var i = 0u; i < R; i++) { a_at[i] = g / p.a_div * p.a_group + min(i, p.m - 1u) * p.a_row; }
  var b_at: array<u32, T>;
  for (var t = 0u; t < T; t++) { b_at[t] = g / p.b_div * (p.b_group / 4u) + min(col0 + WG * t, n4 - 1u); }

  var sum: array<vec4f, R * T>;
  var total: array<vec4f, R * T>; // of the chains so far
  let range = select(vec2u(0u, p.k), steps(tile.z), WEIGHTED); // divisions are slow
  let chain = select(p.chunk, CHAIN, WEIGHTED);
  for (var start = range.x; start < range.y; start += chain) {
    if (WEIGHTED) {
      for (var i = 0u; i < R * T; i++) {
        total[i] += sum[i];
        sum[i] = vec4f(0.0);
      }
    }
    for (var l = start; l < min(start + chain, range.y); l++) {
      var weight = 1.0;
      if (WEIGHTED) { weight = c[g * p.k + l]; }
      if (weight == 0.0) { continue; }
      var x: array<f32, R>;
      for (var i = 0u; i < R; i++) { x[i] = weight * a[a_at[i] + l * p.a_col]; }
      for (var t = 0u; t < T; t++) {
        let w = b[b_at[t] + l * b_row];
        for (var i = 0u; i < R; i++) { sum[i * T + t] = fma(vec4f(x[i]), w, sum[i * T + t]); }
      }
    }
  }
  if (WEIGHTED) {
    for (var i = 0u; i < R * T; i++) { sum[i] += total[i]; }
  }

  for (var i = 0u; i < R; i++) {
    for (var t = 0u; t < T; t++) {
      for (var q = 0u; q < 4u; q++) {
        let col = 4u * (col0 + WG * t) + q;
        if (i < p.m && col < p.n) { y[(tile.z * p.m + i) * p.n + col] = sum[i * T + t][q]; }
      }
    }
  }

  // A second, rolled sweep over the own outputs keeps the unrolled part short.
  if (p.epilogue == NONE) { return; }
  for (var i = 0u; i < p.m; i++) {
    for (var v = col0; v < min(col0 + WG * T, n4); v += WG) {
      for (var j = 4u * v; j < 4u * v + 4u; j++) {
        let at = (g * p.m + i) * p.n + j;
        y[at] = finish(y[at], g, i, j);
      }
    }
  }
}
