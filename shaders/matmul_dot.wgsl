// Matrix product with few columns (n <= C) and a contiguous along l: y = f(a b), f by p.epilogue.
//   y[g, i, j] = f( sum over l < k of a[g, i, l] * b[g, l, j] )
// Needs a_col = 1 and k, a_row, a_group multiples of 4. The bound is reading a once: a thread computes all columns of T
// rows, four steps of l at a time, and so loads b once for T rows.
// Grid: (ceil(m / (T WG)), 1, groups). Plain composition: matmul_naive.wgsl. Contiguous along i: matmul_tall.wgsl.
//@use matmul_finish
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>; // bias [groups / c_div, n], or mask [groups, m, n], or unused
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

override WG = 8u;
const C = 2u; //@spec 1 2 4
const T = 4u; //@spec 1 2 4 8

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_index) local: u32) {
  let g = tile.z;
  let row0 = tile.x * (WG * T) + local;

  // Rows and columns past the edge are computed from the last one and not stored.
  var a_at: array<u32, T>;
  for (var t = 0u; t < T; t++) {
    a_at[t] = g / p.a_div * (p.a_group / 4u) + min(row0 + WG * t, p.m - 1u) * (p.a_row / 4u);
  }
  var b_at: array<u32, C>;
  for (var j = 0u; j < C; j++) { b_at[j] = g / p.b_div * p.b_group + min(j, p.n - 1u) * p.b_col; }

  var sum: array<f32, C * T>;
  for (var l = 0u; l < p.k; l += 4u) {
    var w: array<vec4f, C>;
    for (var j = 0u; j < C; j++) {
      let at = b_at[j] + l * p.b_row;
      w[j] = vec4f(b[at], b[at + p.b_row], b[at + 2u * p.b_row], b[at + 3u * p.b_row]);
    }
    for (var t = 0u; t < T; t++) {
      let x = a[a_at[t] + l / 4u];
      for (var j = 0u; j < C; j++) { sum[j * T + t] += dot(x, w[j]); }
    }
  }

  for (var t = 0u; t < T; t++) {
    for (var j = 0u; j < C; j++) {
      let row = row0 + WG * t;
      if (row < p.m && j < p.n) { y[(g * p.m + row) * p.n + j] = finish(sum[j * T + t], g, row, j); }
    }
  }
}
