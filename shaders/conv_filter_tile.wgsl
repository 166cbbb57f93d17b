// The adjoint of convolution in its weights, as an implicit matrix product through workgroup memory, for hardware GPUs:
// rows are (tap, input channel), columns output channels, the sum runs over positions, in splits of `chunk` samples.
//   k[z, g, ty, tx, i, o] = sum over n of split z, oy, ox of x[g, n, iy, ix, i] y[g, n, oy, ox, o],
//   iy = oy sh + ty - top, ix = ox sw + tx - left. Shapes: lib/conv_params.wgsl, k with splits outermost.
// A workgroup of TX x TY threads computes TM TY rows x TN TX columns, BK positions at a time in workgroup memory.
// reduce.wgsl sums the splits, in order.
// WEIGHTED: sample n of group g counts c[g, n] times, and one of weight 0 not at all, whatever it holds. A sample's own
// gradient, with the bits that NORMS finds, is formed first, then weighted and added up, in chains of CHAIN samples.
// NORMS (chunk 1): instead of k, the squares of its entries, summed by thread: [groups, splits, workgroups, threads].
// Grid: (ceil(kh kw ci / (TM TY)), ceil(co / (TN TX)), groups * splits). Plain composition: conv_filter_naive.wgsl.
//@use conv_params
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>;
@group(0) @binding(4) var<storage, read_write> k: array<f32>; // [splits, groups, kh, kw, ci, co]
override WEIGHTED: bool = false;
override CHAIN: u32 = 64u;
override NORMS: bool = false;

const TX = 8u; //@spec 8 16
const TY = 8u; //@spec 8 16
const TM = 4u; //@spec 2 4 8
const TN = 4u; //@spec 2 4 8
const BK = 16u; //@spec 8 16 32
const BM = TM * TY;
const BN = TN * TX;
const THREADS = TX * TY;
var<workgroup> x_tile: array<f32, BK * (BM + 1u)>; // [position, row], one word of padding a row against bank conflicts
var<workgroup> y_tile: array<f32, BK * (BN + 1u)>; // [position, column]

@compute @workgroup_size(TX, TY)
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(num_workgroups) tiles: vec3u,
        @builtin(local_invocation_id) local: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let g = tile.z % p.groups;
  let split = tile.z / p.groups;
  let rows = p.kh * p.kw * p.ci;
  let row0 = tile.x * BM;
  let col0 = tile.y * BN;
  let each = p.oh * p.ow;
  let begin = split * p.chunk * each;
  let behind = min((split + 1u) * p.chunk, p.n) * each; // positions of the samples of the split

  var sum: array<f32, TM * TN>;
  var chain: array<f32, TM * TN>; // of samples
  var total: array<f32, TM * TN>; // of chains
  let step = select(behind - begin, each, WEIGHTED); // positions that are summed as one
  for (var start = begin; start < behind; start += step) {
    let end = start + step;
    var weight = 1.0;
    if (WEIGHTED) { weight = c[g * p.n + start / each]; }
    if (WEIGHTED && (start - begin) / each % CHAIN == 0u) {
      for (var i = 0u; i < TM * TN; i++) {
        total[i] += chain[i];
        chain[i] = 0.0;
      }
    }
    if (weight == 0.0) { continue; }
    for (var i = 0u; i < TM * TN; i++) { sum[i] = 0.0; }
    for (var l0 = start; l0 < end; l0 += BK) {
      for (var e = thread; e < BM * BK; e += THREADS) {
        let row = min(row0 + e % BM, rows - 1u); // rows past the edge are computed from the last one and not stored
        let at = l0 + e / BM;
        let iy = at % each / p.ow * p.sh + row / (p.ci * p.kw) - p.top; // below zero it wraps, and is outside too
        let ix = at % p.ow * p.sw + row / p.ci % p.kw - p.left;
        let inside = at < end && iy < p.h && ix < p.w;
        let source = select(0u, (((g * p.n + at / each) * p.h + iy) * p.w + ix) * p.ci + row % p.ci, inside);
        x_tile[e / BM * (BM + 1u) + e % BM] = select(0.0, x[source], inside);
      }
      for (var e = thread; e < BN * BK; e += THREADS) {
        let col = col0 + e % BN;
        let at = l0 + e / BN;
        let inside = at < end && col < p.co;
        let source = select(0u, (g * p.n * each + at) * p.co + col, inside);
        y_tile[e / BN * (BN + 1u) + e % BN] = select(0.0, y[source], inside);
      }
      workgroupBarrier();
      for (var l = 0u; l < BK; l++) {
        var b: array<f32, TN>;
        for (var j = 0u; j < TN; j++) { b[j] = y_tile[l * (BN + 1u) + j * TX + local.x]; }
        for (var i = 0u; i < TM; i++) {
          let a = x_tile[l * (BM + 1u) + i * TY + local.y];
          for (var j = 0u; j < TN; j++) { sum[i * TN + j] = fma(a, b[j], sum[i * TN + j]); }
        }
      }
      workgroupBarrier();
    }
    if (WEIGHTED) {
      for (var i = 0u; i < TM * TN; i++) { chain[i] = fma(weight, sum[i], chain[i]); }
    }
  }
  if (WEIGHTED) {
    for (var i = 0u; i < TM * TN; i++) { sum[i] = total[i] + chain[i]; }
  }

  if (NORMS) {
    var squares = 0.0;
    for (var i = 0u; i < TM; i++) {
      for (var j = 0u; j < TN; j++) {
        let mine = row0 + i * TY + local.y < rows && col0 + j * TX + local.x < p.co;
        squares += select(0.0, sum[i * TN + j] * sum[i * TN + j], mine);
      }
    }
    k[(((g * p.splits + split) * tiles.x + tile.x) * tiles.y + tile.y) * THREADS + thread] = squares;
    return;
  }

  for (var i = 0u; i < TM; i++) {
    for (var j = 0u; j < TN; j++) {
      let row = row0 + i * TY + local.y;
      let col = col0 + j * TX + local.x;
      if (row < rows && col < p.co) { k[(tile.z * rows + row) * p.co + col] = sum[i * TN + j]; }
    }
  }
}
