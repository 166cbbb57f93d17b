// Matrix product through workgroup memory, for hardware GPUs: y = f(a b), f by p.epilogue.
//   y[g, i, j] = f( sum over l < k of a[g, i, l] * b[g, l, j] )
// A workgroup of TX x TY threads computes TM TY rows x TN TX columns; BK steps of l at a time lie in workgroup memory,
// both operands with l outermost, so that a thread reads its rows and columns without bank conflicts. Threads load
// along whichever dimension of an operand is contiguous.
// Grid: (ceil(n / (TN TX)), ceil(m / (TM TY)), groups). Plain composition: matmul_naive.wgsl.
struct Params {
  m: u32, n: u32, k: u32, groups: u32,
  a_row: u32, a_col: u32, b_row: u32, b_col: u32, // strides: a[i * a_row + l * a_col], b[l * b_row + j * b_col]
  a_group: u32, b_group: u32,                     // elements from one block to the next
  a_div: u32, b_div: u32, c_div: u32,             // group g uses block g / div of a, b and the bias
  epilogue: u32,
  slope: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>; // bias [groups / c_div, n], or mask [groups, m, n], or unused
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

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

fn leaky(v: f32) -> f32 { return select(p.slope * v, v, v > 0.0); }

fn finish(v: f32, g: u32, i: u32, j: u32) -> f32 {
  switch p.epilogue {
    case 1u: { return v + c[g / p.c_div * p.n + j]; }
    case 2u: { return leaky(v + c[g / p.c_div * p.n + j]); }
    case 3u: { return v * select(p.slope, 1.0, c[(g * p.m + i) * p.n + j] > 0.0); }
    case 4u: { return tanh(clamp(v + c[g / p.c_div * p.n + j], -15.0, 15.0)); }
    case 5u: { return leaky(v); }
    default: { return v; }
  }
}

@compute @workgroup_size(TX, TY)
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_id) local: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let g = tile.z;
  let row0 = tile.y * BM;
  let col0 = tile.x * BN;
  let a_base = g / p.a_div * p.a_group;
  let b_base = g / p.b_div * p.b_group;
  let a_by_row = p.a_col != 1u;
  let b_by_col = p.b_row != 1u || p.b_col == 1u;

  var sum: array<f32, TM * TN>;
  for (var l0 = 0u; l0 < p.k; l0 += BK) {
    // Elements past an edge are read from the last one; those with l >= k count as zero, the others are not stored.
    for (var e = thread; e < BM * BK; e += THREADS) {
      let row = select(e / BK, e % BM, a_by_row);
      let l = select(e % BK, e / BM, a_by_row);
      let v = a[a_base + min(row0 + row, p.m - 1u) * p.a_row + min(l0 + l, p.k - 1u) * p.a_col];
      a_tile[l * (BM + 1u) + row] = select(0.0, v, l0 + l < p.k);
    }
    for (var e = thread; e < BN * BK; e += THREADS) {
      let col = select(e / BK, e % BN, b_by_col);
      let l = select(e % BK, e / BN, b_by_col);
      let v = b[b_base + min(l0 + l, p.k - 1u) * p.b_row + min(col0 + col, p.n - 1u) * p.b_col];
      b_tile[l * (BN + 1u) + col] = select(0.0, v, l0 + l < p.k);
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

  for (var i = 0u; i < TM; i++) {
    for (var j = 0u; j < TN; j++) {
      let row = row0 + i * TY + local.y;
      let col = col0 + j * TX + local.x;
      if (row < p.m && col < p.n) { y[(g * p.m + row) * p.n + col] = finish(sum[i * TN + j], g, row, col); }
    }
  }
}
