// Convolution, or with TRANSPOSED its adjoint in the input, in registers alone, lanes lying over positions: for one to
// four output channels, where a tile over channels would be empty, and for adapters without subgroups of 8.
//   y[g, n, oy, ox, o] = f( sum over ty, tx, i of x[g, n, iy, ix, i] k[g, ty, tx, i, o] )
// Shapes: lib/conv_params.wgsl; transposed, x and y change places there.
// A thread computes TM positions (WG apart) of a phase x TN channels; k, read with strides, is the same for all lanes.
// Grid: (ceil(rows of a phase / (WG TM)), ceil(outputs / TN), groups * phases).
// Plain composition: conv_naive.wgsl, conv_input_naive.wgsl.
//@use conv_phase
//@use epilogue
alias V = f32;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> k: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>; // bias [groups / c_div, outputs], or mask like y, or unused
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

override WG = 8u;
const TM = 4u; //@spec 1 2 4 8
const TN = 1u; //@spec 1 2 3 4 8

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_index) local: u32) {
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
  let row0 = tile.x * (WG * TM) + local;
  let col0 = tile.y * TN;

  // Rows and columns past the edge are computed from the last one and not stored.
  var image: array<u32, TM>;
  var sy: array<i32, TM>;
  var sx: array<i32, TM>;
  for (var t = 0u; t < TM; t++) { //@unroll
    let row = min(row0 + WG * t, rows - 1u);
    let q = row % each;
    image[t] = (g / p.in_div * p.n + row / each) * v.source;
    sy[t] = i32(q / wide) * v.along + v.start;
    sx[t] = i32(q % wide) * h.along + h.start;
  }
  var col: array<u32, TN>;
  for (var j = 0u; j < TN; j++) { col[j] = min(col0 + j, outputs - 1u) * out_step; } //@unroll

  var sum: array<f32, TM * TN>;
  var turn_y = 0;
  for (var ty = v.first; ty < v.taps; ty += v.step) {
    var turn_x = 0;
    for (var tx = h.first; tx < h.taps; tx += h.step) {
      var at: array<u32, TM>;
      var inside: array<f32, TM>;
      for (var t = 0u; t < TM; t++) { //@unroll
        let iy = u32(sy[t] + turn_y); // below zero it wraps, and is outside too
        let ix = u32(sx[t] + turn_x);
        let ok = iy < v.source && ix < h.source;
        inside[t] = select(0.0, 1.0, ok);
        at[t] = select(0u, ((image[t] + iy) * h.source + ix) * inputs, ok);
      }
      let k_at = ((g * v.taps + ty) * h.taps + tx) * p.ci * p.co;
      for (var l = 0u; l < inputs; l++) {
        var b: array<f32, TN>;
        for (var j = 0u; j < TN; j++) { b[j] = k[k_at + l * in_step + col[j]]; } //@unroll
        for (var t = 0u; t < TM; t++) { //@unroll
          let a = select(0.0, x[at[t] + l], inside[t] > 0.0);
          for (var j = 0u; j < TN; j++) { sum[t * TN + j] = fma(a, b[j], sum[t * TN + j]); } //@unroll
        }
      }
      turn_x += h.turn;
    }
    turn_y += v.turn;
  }

  for (var t = 0u; t < TM; t++) { //@unroll
    for (var j = 0u; j < TN; j++) { //@unroll
      let row = row0 + WG * t;
      let q = row % each;
      let oy = q / wide * v.step + phased.y;
      let ox = q % wide * h.step + phased.z;
      if (row < rows && oy < v.size && ox < h.size && col0 + j < outputs) {
        let out = (((g * p.n + row / each) * v.size + oy) * h.size + ox) * outputs + col0 + j;
        y[out] = finished(sum[t * TN + j], g / p.c_div * outputs + col0 + j, out);
      }
    }
  }
}
