// Matrix product in registers alone: no shared memory, no subgroups. For software adapters, where workgroup memory is
// ordinary memory and only reuse in registers saves loads. y = f(a b), f by p.epilogue.
//   y[g, i, j] = f( sum over l < k of a[g, i, l] * b[g, l, j] )
// A thread computes TM rows x TN columns; the columns of a thread lie WG_X apart, so neighbours load neighbours.
// A driver that does not unroll would keep the tile in memory, hence the marks.
// WEIGHTED: step l counts c[g, l] times, and one of weight 0 not at all, whatever a and b hold there; steps add up in
// chains of CHAIN, these in splits: y is [groups, splits, m, n].
// Grid: (ceil(n / (WG_X TN)), ceil(m / (WG_Y TM)), groups). Plain composition: matmul_naive.wgsl.
//@use matmul_finish
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>; // bias [groups / c_div, n], mask [groups, m, n] or weights
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
override WEIGHTED: bool = false;
override CHAIN: u32 = 64u;

override WG_X = 8u;
override WG_Y = 1u;
const TM = 8u; //@spec 4 8 16
const TN = 4u; //@spec 2 4 8

@compute @workgroup_size(WG_X, WG_Y)
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let g = select(tile.z, tile.z / p.splits, WEIGHTED);
  let row0 = (tile.y * WG_Y + local.y) * TM;
  let col0 = tile.x * (WG_X * TN) + local.x;

  // Rows and columns past the edge are computed from the last one and not stored.
  var a_at: array<u32, TM>;
  for (var i = 0u; i < TM; i++) { a_at[i] = g / p.a_div * p.a_group + min(row0 + i, p.m - 1u) * p.a_row; } //@unroll
  var b_at: array<u32, TN>;
  let b_block = g / p.b_div * p.b_group;
  for (var j = 0u; j < TN; j++) { b_at[j] = b_block + min(col0 + WG_X * j, p.n - 1u) * p.b_col; } //@unroll

  var sum: array<f32, TM * TN>;
  var total: array<f32, TM * TN>; // of the chains so far
  let range = select(vec2u(0u, p.k), steps(tile.z), WEIGHTED); // divisions are slow
  let chain = select(p.chunk, CHAIN, WEIGHTED);
  for (var start = range.x; start < range.y; start += chain) {
    if (WEIGHTED) {
      for (var i = 0u; i < TM * TN; i++) { //@unroll
        total[i] += sum[i];
        sum[i] = 0.0;
      }
    }
    for (var l = start; l < min(start + chain, range.y); l++) {
      var weight = 1.0;
      if (WEIGHTED) { weight = c[g * p.k + l]; }
      if (weight == 0.0) { continue; }
      var w: array<f32, TN>;
      for (var j = 0u; j < TN; j++) { w[j] = weight * b[b_at[j] + l * p.b_row]; } //@unroll
      for (var i = 0u; i < TM; i++) { //@unroll
        let x = a[a_at[i] + l * p.a_col];
        for (var j = 0u; j < TN; j++) { sum[i * TN + j] = fma(x, w[j], sum[i * TN + j]); } //@unroll
      }
    }
  }
  if (WEIGHTED) {
    for (var i = 0u; i < TM * TN; i++) { sum[i] += total[i]; } //@unroll
  }

  for (var i = 0u; i < TM; i++) { //@unroll
    for (var j = 0u; j < TN; j++) { //@unroll
      if (row0 + i < p.m && col0 + WG_X * j < p.n) {
        y[(tile.z * p.m + row0 + i) * p.n + col0 + WG_X * j] = sum[i * TN + j];
      }
    }
  }

  // A second, rolled sweep over the own outputs keeps the unrolled part short.
  if (p.epilogue == NONE) { return; }
  for (var i = row0; i < min(row0 + TM, p.m); i++) {
    for (var j = col0; j < min(col0 + WG_X * TN, p.n); j += WG_X) {
      let at = (g * p.m + i) * p.n + j;
      y[at] = finish(y[at], g, i, j);
    }
  }
}
