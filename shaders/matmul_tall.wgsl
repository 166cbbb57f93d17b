// Matrix product with few columns (n <= C) and a contiguous along its rows' index: y = f(a b), f by p.epilogue.
//   y[g, i, j] = f( sum over l < k of a[g, i, l] * b[g, l, j] )
// Needs a_row = 1 and m, a_col, a_group multiples of 4 (a transposed). The bound is reading a once: a thread computes
// all columns of T vectors of four rows.
// WEIGHTED: step l counts c[g, l] times, and one of weight 0 not at all, whatever a and b hold there; steps add up in
// chains of CHAIN, these in splits: y is [groups, splits, m, n].
// Grid: (ceil(m / (4 T WG)), 1, groups). Plain composition: matmul_naive.wgsl. Contiguous along l: matmul_dot.wgsl.
//@use matmul_finish
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>; // bias [groups / c_div, n], mask [groups, m, n] or weights
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
override WEIGHTED: bool = false;
override CHAIN: u32 = 64u;

override WG = 8u;
const C = 2u; //@spec 1 2 4
const T = 2u; //@spec 1 2 4

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_index) local: u32) {
  let g = select(tile.z, tile.z / p.splits, WEIGHTED);
  let m4 = p.m / 4u;
  let a_col = p.a_col / 4u;
  let row0 = tile.x * (WG * T) + local; // in vectors

  // Rows and columns past the edge are computed from the last one and not stored.
  var a_at: array<u32, T>;
  for (var t = 0u; t < T; t++) { a_at[t] = g / p.a_div * (p.a_group / 4u) + min(row0 + WG * t, m4 - 1u); }
  var b_at: array<u32, C>;
  for (var j = 0u; j < C; j++) { b_at[j] = g / p.b_div * p.b_group + min(j, p.n - 1u) * p.b_col; }

  var sum: array<vec4f, C * T>;
  var total: array<vec4f, C * T>; // of the chains so far
  let range = select(vec2u(0u, p.k), steps(tile.z), WEIGHTED); // divisions are slow
  let chain = select(p.chunk, CHAIN, WEIGHTED);
  for (var start = range.x; start < range.y; start += chain) {
    if (WEIGHTED) {
      for (var i = 0u; i < C * T; i++) {
        total[i] += sum[i];
        sum[i] = vec4f(0.0);
      }
    }
    for (var l = start; l < min(start + chain, range.y); l++) {
      var weight = 1.0;
      if (WEIGHTED) { weight = c[g * p.k + l]; }
      if (weight == 0.0) { continue; }
      var w: array<f32, C>;
      for (var j = 0u; j < C; j++) { w[j] = weight * b[b_at[j] + l * p.b_row]; }
      for (var t = 0u; t < T; t++) {
        let x = a[a_at[t] + l * a_col];
        for (var j = 0u; j < C; j++) { sum[j * T + t] = fma(x, vec4f(w[j]), sum[j * T + t]); }
      }
    }
  }
  if (WEIGHTED) {
    for (var i = 0u; i < C * T; i++) { sum[i] += total[i]; }
  }

  for (var t = 0u; t < T; t++) {
    for (var q = 0u; q < 4u; q++) {
      for (var j = 0u; j < C; j++) {
        let row = 4u * (row0 + WG * t) + q;
        if (row < p.m && j < p.n) { y[(tile.z * p.m + row) * p.n + j] = sum[j * T + t][q]; }
      }
    }
  }

  // A second, rolled sweep over the own outputs keeps the unrolled part short.
  if (p.epilogue == NONE) { return; }
  for (var v = row0; v < min(row0 + WG * T, m4); v += WG) {
    for (var i = 4u * v; i < 4u * v + 4u; i++) {
      for (var j = 0u; j < p.n; j++) {
        let at = (g * p.m + i) * p.n + j;
        y[at] = finish(y[at], g, i, j);
      }
    }
  }
}
