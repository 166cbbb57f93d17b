// Convolution, or with TRANSPOSED its adjoint in the input, as an implicit matrix product through workgroup memory, for
// hardware GPUs: rows are output positions of a phase, columns output channels, the sum runs over taps and channels.
//   y[g, n, oy, ox, o] = f( sum over ty, tx, i of x[g, n, iy, ix, i] k[g, ty, tx, i, o] )
// Shapes: lib/conv_params.wgsl; transposed, x and y change places there.
// A workgroup of TX x TY threads computes TM TY rows x TN TX columns; BK channels of a tap at a time lie in workgroup
// memory, as in matmul_tile.wgsl. k is read with strides.
// Grid: (ceil(rows of a phase / (TM TY)), ceil(outputs / (TN TX)), groups * phases).
// Plain composition: conv_naive.wgsl, conv_input_naive.wgsl.
//@use conv_phase
//@use epilogue
alias V = f32;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> k: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>; // bias [groups / c_div, outputs], or mask like y, or unused
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

const TX = 8u; //@spec 8 16
const TY = 8u; //@spec 8 16
const TM = 4u; //@spec 2 4 8
const TN = 4u; //@spec 2 4 8
const BK = 16u; //@spec 8 16 32
const BM = TM * TY;
const BN = TN * TX;
const THREADS = TX * TY;
var<workgroup> x_tile: array<f32, BK * (BM + 1u)>; // [channel, row], one word of padding a row against bank conflicts
var<workgroup> k_tile: array<f32, BK * (BN + 1u)>; // [channel, column]
// Of each row: the first source row of its image, and where its taps begin.
var<workgroup> image: array<u32, BM>;
var<workgroup> sy: array<i32, BM>;
var<workgroup> sx: array<i32, BM>;

@compute @workgroup_size(TX, TY)
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_id) local: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let phased = phase(tile.z);
  let g = phased.x;
  let v = vertical(phased.y);
  let h = horizontal(phased.z);
  let wide = of_phase(h);
  let each = of_phase(v) * wide;
  let rows = p.n * each;
  let inputs = select(p.ci, p.co, TRANSPOSED);
  let outputs = select(p.co, p.ci, TRANSPOSED);
  let in_step = select(p.co, 1u, TRANSPOSED);
  let out_step = select(1u, p.co, TRANSPOSED);
  let row0 = tile.x * BM;
  let col0 = tile.y * BN;

  // Rows past the edge are computed from the last one and not stored.
  for (var e = thread; e < BM; e += THREADS) {
    let row = min(row0 + e, rows - 1u);
    let q = row % each;
    image[e] = (g / p.in_div * p.n + row / each) * v.source;
    sy[e] = i32(q / wide) * v.along + v.start;
    sx[e] = i32(q % wide) * h.along + h.start;
  }
  workgroupBarrier();

  var sum: array<f32, TM * TN>;
  var turn_y = 0;
  for (var ty = v.first; ty < v.taps; ty += v.step) {
    var turn_x = 0;
    for (var tx = h.first; tx < h.taps; tx += h.step) {
      let k_at = ((g * v.taps + ty) * h.taps + tx) * p.ci * p.co;
      for (var l0 = 0u; l0 < inputs; l0 += BK) {
        for (var e = thread; e < BM * BK; e += THREADS) {
          let row = e / BK;
          let l = e % BK;
          let iy = u32(sy[row] + turn_y); // below zero it wraps, and is outside too
          let ix = u32(sx[row] + turn_x);
          let inside = iy < v.source && ix < h.source && l0 + l < inputs;
          let at = select(0u, ((image[row] + iy) * h.source + ix) * inputs + l0 + l, inside);
          x_tile[l * (BM + 1u) + row] = select(0.0, x[at], inside);
        }
        for (var e = thread; e < BN * BK; e += THREADS) {
          let col = select(e % BN, e / BK, TRANSPOSED);
          let l = select(e / BN, e % BK, TRANSPOSED);
          let inside = l0 + l < inputs && col0 + col < outputs;
          let at = select(0u, k_at + (l0 + l) * in_step + (col0 + col) * out_step, inside);
          k_tile[l * (BN + 1u) + col] = select(0.0, k[at], inside);
        }
        workgroupBarrier();
        for (var l = 0u; l < min(BK, inputs - l0); l++) {
          var b: array<f32, TN>;
          for (var j = 0u; j < TN; j++) { b[j] = k_tile[l * (BN + 1u) + j * TX + local.x]; }
          for (var i = 0u; i < TM; i++) {
            let a = x_tile[l * (BM + 1u) + i * TY + local.y];
            for (var j = 0u; j < TN; j++) { sum[i * TN + j] = fma(a, b[j], sum[i * TN + j]); }
          }
        }
        workgroupBarrier();
      }
      turn_x += h.turn;
    }
    turn_y += v.turn;
  }

  for (var i = 0u; i < TM; i++) {
    let row = row0 + i * TY + local.y;
    let q = row % each;
    let oy = q / wide * v.step + phased.y;
    let ox = q % wide * h.step + phased.z;
    if (row >= rows || oy >= v.size || ox >= h.size) { continue; }
    for (var j = 0u; j < TN; j++) {
      let col = col0 + j * TX + local.x;
      if (col >= outputs) { continue; }
      let out = (((g * p.n + row / each) * v.size + oy) * h.size + ox) * outputs + col;
      y[out] = finished(sum[i * TN + j], g / p.c_div * outputs + col, out);
    }
  }
}
