// Matrix product through workgroup memory, for hardware GPUs: y = f(a b), f by p.epilogue.
//   y[g, i, j] = f( sum over l < k of a[g, i, l] * b[g, l, j] )
// A workgroup of TX x TY threads computes TM TY rows x TN TX columns; BK steps of l at a time lie in workgroup memory,
// both operands with l outermost, so that a thread reads its rows and columns without bank conflicts. Threads load
// along whichever dimension of an operand is contiguous.
// WEIGHTED: step l counts c[g, l] times, and one of weight 0 not at all, whatever a and b hold there; steps add up in
// chains of CHAIN, these in splits: y is [groups, splits, m, n].
// Grid: (ceil(n / (TN TX)), ceil(m / (TM TY)), groups). Plain composition: matmul_naive.wgsl.
//@use matmul_finish
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>; // bias [groups / c_div, n], mask [groups, m, n] or weights
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
override WEIGHTED: bool = false;
override CHAIN: u32 = 64u;

const TX = 16u; //@spec 8 16
const TY = 16u; //@spec 8 16
const TM = 4u; //@spec 2 4 8
const TN = 4u; //@spec 2 4 8
const BK = 16u; //@spec 8 16 32
const BM = TM * TY;
const BN = TN * TX;
const THREADS = TX * TY;
var<workgroup> a_tile: array<f32, BK * (BM + 1u)>; // [l, row], one word of padding a row against bank conflicts
var<workgroup> b_tile: array<f32, BK * (BN + 1u)>; // [l, column]

// Of step l; 0 past the end, 1 where steps have no weights.
fn counted(g: u32, l: u32) -> f32 {
  var weight = 1.0;
  if (WEIGHTED) { weight = c[g * p.k + min(l, p.k - 1u)]; }
  return select(0.0, weight, l < p.k);
}

@compute @workgroup_size(TX, TY)
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_id) local: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let g = select(tile.z, tile.z / p.splits, WEIGHTED);
  let range = select(vec2u(0u, p.k), steps(tile.z), WEIGHTED); // divisions are slow
  let row0 = tile.y * BM;
  let col0 = tile.x * BN;
  let a_base = g / p.a_div * p.a_group;
  let b_base = g / p.b_div * p.b_group;
  let a_by_row = p.a_col != 1u;
  let b_by_col = p.b_row != 1u || p.b_col == 1u;

  var sum: array<f32, TM * TN>;
  var total: array<f32, TM * TN>; // of the chains so far
  for (var l0 = range.x; l0 < range.y; l0 += BK) {
    if (WEIGHTED && l0 % CHAIN == 0u) { // BK divides CHAIN, and CHAIN the steps of a split
      for (var i = 0u; i < TM * TN; i++) {
        total[i] += sum[i];
        sum[i] = 0.0;
      }
    }
    // Elements past an edge are read from the last one; those with l >= k count as zero, the others are not stored.
    for (var e = thread; e < BM * BK; e += THREADS) {
      let row = select(e / BK, e % BM, a_by_row);
      let l = select(e % BK, e / BM, a_by_row);
      let v = a[a_base + min(row0 + row, p.m - 1u) * p.a_row + min(l0 + l, p.k - 1u) * p.a_col];
      a_tile[l * (BM + 1u) + row] = select(0.0, v, counted(g, l0 + l) != 0.0);
    }
    for (var e = thread; e < BN * BK; e += THREADS) {
      let col = select(e / BK, e % BN, b_by_col);
      let l = select(e % BK, e / BN, b_by_col);
      let v = b[b_base + min(l0 + l, p.k - 1u) * p.b_row + min(col0 + col, p.n - 1u) * p.b_col];
      let weight = counted(g, l0 + l);
      b_tile[l * (BN + 1u) + col] = select(0.0, weight * v, weight != 0.0);
    }
    workgroupBarrier();
    for (var l = 0u; l < BK; l++) {
      var w: array<f32, TN>;
      for (var j = 0u; j < TN; j++) { w[j] = b_tile[l * (BN + 1u) + j * TX + local.x]; }
      for (var i = 0u; i < TM; i++) {
        let x = a_tile[l * (BM + 1u) + i * TY + local.y];
        for (var j = 0u; j < TN; j++) { sum[i * TN + j] = fma(x, w[j], sum[i * TN + j]); }
      }
    }
    workgroupBarrier();
  }
  if (WEIGHTED) {
    for (var i = 0u; i < TM * TN; i++) { sum[i] += total[i]; }
  }

  for (var i = 0u; i < TM; i++) {
    for (var j = 0u; j < TN; j++) {
      let row = row0 + i * TY + local.y;
      let col = col0 + j * TX + local.x;
      if (row < p.m && col < p.n) { y[(tile.z * p.m + row) * p.n + col] = finish(sum[i * TN + j], g, row, col); }
    }
  }
}
