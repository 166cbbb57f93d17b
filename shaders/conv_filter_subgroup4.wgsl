// The adjoint of convolution in its weights, as an implicit matrix product for subgroups of 8 lanes (lavapipe): rows
// are (tap, input channel), columns output channels, the sum runs over positions, in splits of `chunk` samples.
//   k[z, g, ty, tx, i, o] = sum over n of split z, oy, ox of x[g, n, iy, ix, i] y[g, n, oy, ox, o],
//   iy = oy sh + ty - top, ix = ox sw + tx - left. Shapes: lib/conv_params.wgsl, k with splits outermost.
// A workgroup whose rows all belong to one tap walks only the positions where that tap lies in the image.
// Needs co to be a multiple of 4. The splits are summed by reduce.wgsl, in order. The inner loop is
// matmul_subgroup4.wgsl's: a subgroup computes 8 TM rows x 32 TN columns.
// WEIGHTED: sample n of group g counts c[g, n] times, and one of weight 0 not at all, whatever it holds. A sample's own
// gradient, with the bits that NORMS finds, is formed first, then weighted and added up, in chains of CHAIN samples.
// NORMS (chunk 1): instead of k, the squares of its entries, summed by thread: [groups, splits, workgroups, threads] of
// vec4f, whose sum by sample is the squared norm of the sample's own gradient.
// Grid: (ceil(kh kw ci / (8 TM SUBGROUPS)), ceil(co / (32 TN)), groups * splits).
// Plain composition: conv_filter_naive.wgsl.
enable subgroups;

//@use conv_params
//@use conv_walk
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> y: array<vec4f>;
@group(0) @binding(3) var<storage, read> c: array<f32>;
@group(0) @binding(4) var<storage, read_write> k: array<vec4f>; // [splits, groups, kh, kw, ci, co]
override WEIGHTED: bool = false;
override CHAIN: u32 = 64u;
override NORMS: bool = false;

const TM = 2u; //@spec 1 2
const TN = 2u; //@spec 1 2
const SUBGROUPS = 2u; //@spec 1 2 4
const ROWS = 8u * TM;
const THREADS = 8u * SUBGROUPS;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(num_workgroups) tiles: vec3u,
        @builtin(local_invocation_index) local: u32,
        @builtin(subgroup_invocation_id) lane: u32) {
  let g = tile.z % p.groups;
  let split = tile.z / p.groups;
  let n4 = p.co / 4u;
  let rows = p.kh * p.kw * p.ci;
  let row0 = (tile.x * SUBGROUPS + local / 8u) * ROWS;
  let col0 = tile.y * (8u * TN) + lane;

  // Rows and columns past the edge are computed from the last one and not stored.
  var dy: array<u32, TM>;
  var dx: array<u32, TM>;
  var channel: array<u32, TM>;
  for (var t = 0u; t < TM; t++) {
    let row = min(row0 + 8u * t + lane, rows - 1u);
    dy[t] = row / (p.ci * p.kw) - p.top;
    dx[t] = row / p.ci % p.kw - p.left;
    channel[t] = row % p.ci;
  }
  var col: array<u32, TN>;
  for (var t = 0u; t < TN; t++) { col[t] = min(col0 + 8u * t, n4 - 1u); }

  // The tap of the workgroup's rows, where they have only one, and the positions to walk: [from, to).
  let tap = tile.x * SUBGROUPS * ROWS / p.ci;
  let one = tap == min(tile.x * SUBGROUPS * ROWS + SUBGROUPS * ROWS - 1u, rows - 1u) / p.ci;
  let y_range = select(vec2u(0u, p.oh), within(tap / p.kw, p.top, p.sh, p.h, p.oh), one);
  let x_range = select(vec2u(0u, p.ow), within(tap % p.kw, p.left, p.sw, p.w, p.ow), one);

  var sum: array<vec4f, ROWS * TN>;
  var chain: array<vec4f, ROWS * TN>; // of samples
  var total: array<vec4f, ROWS * TN>; // of chains
  let first = split * p.chunk;
  for (var n = first; n < min(first + p.chunk, p.n); n++) {
    if (WEIGHTED && (n - first) % CHAIN == 0u) {
      for (var i = 0u; i < ROWS * TN; i++) { total[i] += chain[i]; chain[i] = vec4f(0.0); }
    }
    if (WEIGHTED && c[g * p.n + n] == 0.0) { continue; }
    if (WEIGHTED) { for (var i = 0u; i < ROWS * TN; i++) { sum[i] = vec4f(0.0); } }
    for (var oy = y_range.x; oy < y_range.y; oy++) {
      var line: array<u32, TM>;
      var wide: array<u32, TM>; // the image's width, or none where this row of taps lies outside
      for (var t = 0u; t < TM; t++) {
        let iy = oy * p.sh + dy[t]; // below zero it wraps, and is outside too
        wide[t] = select(0u, p.w, iy < p.h);
        line[t] = select(0u, ((g * p.n + n) * p.h + iy) * p.w, iy < p.h);
      }
      let y_at = ((g * p.n + n) * p.oh + oy) * p.ow * n4;
      for (var ox = x_range.x; ox < x_range.y; ox++) {
        var a: array<f32, TM>;
        for (var t = 0u; t < TM; t++) {
          let ix = ox * p.sw + dx[t];
          let inside = ix < wide[t];
          a[t] = select(0.0, x[select(0u, (line[t] + ix) * p.ci + channel[t], inside)], inside);
        }
        var b: array<vec4f, TN>;
        for (var t = 0u; t < TN; t++) { b[t] = y[y_at + ox * n4 + col[t]]; }
        for (var i = 0u; i < ROWS; i++) {
          let s = vec4f(subgroupShuffle(a[i / 8u], i % 8u));
          for (var j = 0u; j < TN; j++) { sum[i * TN + j] = fma(s, b[j], sum[i * TN + j]); }
        }
      }
    }
    if (WEIGHTED) { for (var i = 0u; i < ROWS * TN; i++) { chain[i] = fma(vec4f(c[g * p.n + n]), sum[i], chain[i]); } }
  }
  if (WEIGHTED) { for (var i = 0u; i < ROWS * TN; i++) { sum[i] = total[i] + chain[i]; } }

  if (NORMS) {
    var squares = vec4f(0.0);
    for (var i = 0u; i < ROWS; i++) {
      for (var j = 0u; j < TN; j++) {
        let mine = row0 + i < rows && col0 + 8u * j < n4;
        squares += select(vec4f(0.0), sum[i * TN + j] * sum[i * TN + j], mine);
      }
    }
    k[(((g * p.splits + split) * tiles.x + tile.x) * tiles.y + tile.y) * THREADS + local] = squares;
    return;
  }

  for (var i = 0u; i < ROWS; i++) {
    for (var j = 0u; j < TN; j++) {
      let column = col0 + 8u * j;
      if (row0 + i < rows && column < n4) { k[(tile.z * rows + row0 + i) * n4 + column] = sum[i * TN + j]; }
    }
  }
}
