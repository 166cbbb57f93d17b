// The adjoint of convolution in its weights, in registers alone, lanes lying over (tap, input channel): for one to four
// output channels, and for adapters without subgroups of 8. In splits of `chunk` samples.
//   k[z, g, ty, tx, i, o] = sum over n of split z, oy, ox of x[g, n, iy, ix, i] y[g, n, oy, ox, o],
//   iy = oy sh + ty - top, ix = ox sw + tx - left. Shapes: lib/conv_params.wgsl, k with splits outermost.
// A thread computes TM rows (WG apart) x TN channels; y is the same for all lanes. The splits are summed by
// reduce.wgsl, in order.
// WEIGHTED: sample n of group g counts c[g, n] times, and one of weight 0 not at all, whatever it holds. A sample's own
// gradient, with the bits that NORMS finds, is formed first, then weighted and added up, in chains of CHAIN samples.
// NORMS (chunk 1): instead of k, the squares of its entries, summed by thread: [groups, splits, workgroups, threads].
// Grid: (ceil(kh kw ci / (WG TM)), ceil(co / TN), groups * splits). Plain composition: conv_filter_naive.wgsl.
//@use conv_params
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>;
@group(0) @binding(4) var<storage, read_write> k: array<f32>; // [splits, groups, kh, kw, ci, co]

override WG = 8u;
override WEIGHTED: bool = false;
override CHAIN: u32 = 64u;
override NORMS: bool = false;
const TM = 4u; //@spec 1 2 4 8
const TN = 1u; //@spec 1 2 3 4 8

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(num_workgroups) tiles: vec3u,
        @builtin(local_invocation_index) local: u32) {
  let g = tile.z % p.groups;
  let split = tile.z / p.groups;
  let rows = p.kh * p.kw * p.ci;
  let row0 = tile.x * (WG * TM) + local;
  let col0 = tile.y * TN;

  // Rows and columns past the edge are computed from the last one and not stored.
  var dy: array<u32, TM>;
  var dx: array<u32, TM>;
  var channel: array<u32, TM>;
  for (var t = 0u; t < TM; t++) { //@unroll
    let row = min(row0 + WG * t, rows - 1u);
    dy[t] = row / (p.ci * p.kw) - p.top;
    dx[t] = row / p.ci % p.kw - p.left;
    channel[t] = row % p.ci;
  }
  var col: array<u32, TN>;
  for (var j = 0u; j < TN; j++) { col[j] = min(col0 + j, p.co - 1u); } //@unroll

  var sum: array<f32, TM * TN>;
  var chain: array<f32, TM * TN>; // of samples
  var total: array<f32, TM * TN>; // of chains
  let first = split * p.chunk;
  for (var n = first; n < min(first + p.chunk, p.n); n++) {
    if (WEIGHTED && (n - first) % CHAIN == 0u) {
      for (var i = 0u; i < TM * TN; i++) { total[i] += chain[i]; chain[i] = 0.0; } //@unroll
    }
    var weight = 1.0;
    if (WEIGHTED) { weight = c[g * p.n + n]; }
    if (weight == 0.0) { continue; }
    if (WEIGHTED) {
      for (var i = 0u; i < TM * TN; i++) { sum[i] = 0.0; } //@unroll
    }
    for (var oy = 0u; oy < p.oh; oy++) {
      var line: array<u32, TM>;
      var wide: array<u32, TM>; // the image's width, or none where this row of taps lies outside
      for (var t = 0u; t < TM; t++) { //@unroll
        let iy = oy * p.sh + dy[t]; // below zero it wraps, and is outside too
        wide[t] = select(0u, p.w, iy < p.h);
        line[t] = select(0u, ((g * p.n + n) * p.h + iy) * p.w, iy < p.h);
      }
      let y_at = ((g * p.n + n) * p.oh + oy) * p.ow * p.co;
      for (var ox = 0u; ox < p.ow; ox++) {
        var b: array<f32, TN>;
        for (var j = 0u; j < TN; j++) { b[j] = y[y_at + ox * p.co + col[j]]; } //@unroll
        for (var t = 0u; t < TM; t++) { //@unroll
          let ix = ox * p.sw + dx[t];
          let inside = ix < wide[t];
          let a = select(0.0, x[select(0u, (line[t] + ix) * p.ci + channel[t], inside)], inside);
          for (var j = 0u; j < TN; j++) { sum[t * TN + j] = fma(a, b[j], sum[t * TN + j]); } //@unroll
        }
      }
    }
    if (WEIGHTED) {
      for (var i = 0u; i < TM * TN; i++) { chain[i] = fma(weight, sum[i], chain[i]); } //@unroll
    }
  }
  if (WEIGHTED) {
    for (var i = 0u; i < TM * TN; i++) { sum[i] = total[i] + chain[i]; } //@unroll
  }

  if (NORMS) {
    var squares = 0.0;
    for (var t = 0u; t < TM; t++) { //@unroll
      for (var j = 0u; j < TN; j++) { //@unroll
        let mine = row0 + WG * t < rows && col0 + j < p.co;
        squares += select(0.0, sum[t * TN + j] * sum[t * TN + j], mine);
      }
    }
    k[(((g * p.splits + split) * tiles.x + tile.x) * tiles.y + tile.y) * WG + local] = squares;
    return;
  }

  for (var t = 0u; t < TM; t++) { //@unroll
    for (var j = 0u; j < TN; j++) { //@unroll
      let row = row0 + WG * t;
      if (row < rows && col0 + j < p.co) { k[(tile.z * rows + row) * p.co + col0 + j] = sum[t * TN + j]; }
    }
  }
}
