// y[i, :] = the eight normals that private_noise makes of twelve words, laid open for the test of their tails.
// Shapes: words [n, 3, 4] (high words, low words, angles), y [n, 2, 4]. Grid: any number of workgroups in x.
//@use gaussian
struct Params { n: u32, threads: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> words: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var i = id.x; i < p.n; i += p.threads) {
    let x = normals(words[3u * i], words[3u * i + 1u], words[3u * i + 2u]);
    y[2u * i] = x[0];
    y[2u * i + 1u] = x[1];
  }
}
