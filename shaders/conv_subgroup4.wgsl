// Convolution, or with TRANSPOSED its adjoint in the input, as an implicit matrix product for subgroups of 8 lanes
// (lavapipe): rows are output positions of a phase, columns output channels, the sum runs over taps and input channels.
//   y[g, n, oy, ox, o] = f( sum over ty, tx, i of x[g, n, iy, ix, i] k[g, ty, tx, i, o] )
// Shapes: lib/conv_params.wgsl; transposed, x and y change places there.
// Rows are ordered by position, then by sample: a workgroup whose rows all lie at one position skips the taps that
// fall outside of the image there, a third of them on a 7 x 7 grid.
// Needs output channels that are a multiple of 4. k has output channels innermost: transposed, it is packed first
// ([groups, kh, kw, co, ci]). The inner loop is matmul_subgroup4.wgsl's: a subgroup computes 8 TM rows x 32 TN columns.
// Grid: (ceil(rows of a phase / (8 TM SUBGROUPS)), ceil(outputs / (32 TN)), groups * phases).
// Plain composition: conv_naive.wgsl, conv_input_naive.wgsl.
enable subgroups;

//@use conv_phase
//@use epilogue
alias V = vec4f;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> c: array<vec4f>; // bias [groups / c_div, outputs], or mask like y, or unused
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

const TM = 2u; //@spec 1 2
const TN = 2u; //@spec 1 2
const SUBGROUPS = 2u; //@spec 1 2 4
const ROWS = 8u * TM;
const THREADS = 8u * SUBGROUPS;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_index) local: u32,
        @builtin(subgroup_invocation_id) lane: u32) {
  let phased = phase(tile.z);
  let g = phased.x;
  let v = vertical(phased.y);
  let h = horizontal(phased.z);
  let wide = of_phase(h);
  let each = of_phase(v) * wide;
  let rows = p.n * each;
  let inputs = select(p.ci, p.co, TRANSPOSED);
  let n4 = select(p.co, p.ci, TRANSPOSED) / 4u;
  let row0 = (tile.x * SUBGROUPS + local / 8u) * ROWS;
  let col0 = tile.y * (8u * TN) + lane;

  // The position of the workgroup's rows, where they have only one.
  let lone = tile.x * SUBGROUPS * ROWS / p.n;
  let one = lone == min(tile.x * SUBGROUPS * ROWS + SUBGROUPS * ROWS - 1u, rows - 1u) / p.n;
  let lone_y = i32(lone / wide) * v.along + v.start;
  let lone_x = i32(lone % wide) * h.along + h.start;

  // Rows and columns past the edge are computed from the last one and not stored.
  var image: array<u32, TM>;
  var sy: array<i32, TM>;
  var sx: array<i32, TM>;
  for (var t = 0u; t < TM; t++) {
    let row = min(row0 + 8u * t + lane, rows - 1u);
    let q = row / p.n;
    image[t] = (g / p.in_div * p.n + row % p.n) * v.source;
    sy[t] = i32(q / wide) * v.along + v.start;
    sx[t] = i32(q % wide) * h.along + h.start;
  }
  var col: array<u32, TN>;
  for (var t = 0u; t < TN; t++) { col[t] = min(col0 + 8u * t, n4 - 1u); }

  var sum: array<vec4f, ROWS * TN>;
  var turn_y = 0;
  for (var ty = v.first; ty < v.taps; ty += v.step) {
    var turn_x = -h.turn;
    if (one && u32(lone_y + turn_y) >= v.source) {
      turn_y += v.turn;
      continue;
    }
    for (var tx = h.first; tx < h.taps; tx += h.step) {
      turn_x += h.turn;
      if (one && u32(lone_x + turn_x) >= h.source) { continue; }
      var at: array<u32, TM>;
      var inside: array<bool, TM>;
      for (var t = 0u; t < TM; t++) {
        let iy = u32(sy[t] + turn_y); // below zero it wraps, and is outside too
        let ix = u32(sx[t] + turn_x);
        inside[t] = iy < v.source && ix < h.source;
        at[t] = select(0u, ((image[t] + iy) * h.source + ix) * inputs, inside[t]);
      }
      let k_at = ((g * v.taps + ty) * h.taps + tx) * inputs * n4;
      for (var l = 0u; l < inputs; l++) {
        var a: array<f32, TM>;
        for (var t = 0u; t < TM; t++) { a[t] = select(0.0, x[at[t] + l], inside[t]); }
        var b: array<vec4f, TN>;
        for (var t = 0u; t < TN; t++) { b[t] = k[k_at + l * n4 + col[t]]; }
        for (var i = 0u; i < ROWS; i++) {
          let s = vec4f(subgroupShuffle(a[i / 8u], i % 8u));
          for (var j = 0u; j < TN; j++) { sum[i * TN + j] = fma(s, b[j], sum[i * TN + j]); }
        }
      }
    }
    turn_y += v.turn;
  }

  var bias: array<vec4f, TN>;
  if (has(BIAS)) {
    for (var j = 0u; j < TN; j++) { bias[j] = c[g / p.c_div * n4 + col[j]]; }
  }
  for (var i = 0u; i < ROWS; i++) {
    let row = row0 + i;
    let q = row / p.n;
    let oy = q / wide * v.step + phased.y;
    let ox = q % wide * h.step + phased.z;
    if (row >= rows || oy >= v.size || ox >= h.size) { continue; }
    let start = (((g * p.n + row % p.n) * v.size + oy) * h.size + ox) * n4;
    for (var j = 0u; j < TN; j++) {
      if (col0 + 8u * j < n4) {
        let at = start + col0 + 8u * j;
        var out = sloped(sum[i * TN + j] + bias[j], at);
        if (has(TANH)) { out = bounded(out); }
        y[at] = out;
      }
    }
  }
}
