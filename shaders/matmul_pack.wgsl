// Writes b with its columns adjacent, for matmul_subgroup4.wgsl: y[g, l, j] = b[g, l, j], y contiguous [groups, k, n].
// Needs n a multiple of 4. g counts the blocks of b (groups / b_div of the product, b_div = 1 here). A thread copies
// four columns at a time along J such steps of one l, so that it reads and writes whole cache lines.
// Grid: (ceil(k / WG), ceil(n / (4 J)), groups). Plain composition: a transposed copy.
//@use matmul_params
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>; // unused, as a is
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

override WG = 64u;
const J = 8u; //@spec 4 8

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_index) local: u32) {
  let l = tile.x * WG + local;
  if (l >= p.k) { return; }
  let n4 = p.n / 4u;
  for (var j = tile.y * J; j < min(tile.y * J + J, n4); j++) {
    let at = tile.z * p.b_group + l * p.b_row + 4u * j * p.b_col;
    y[(tile.z * p.k + l) * n4 + j] = vec4f(b[at], b[at + p.b_col], b[at + 2u * p.b_col], b[at + 3u * p.b_col]);
  }
}
