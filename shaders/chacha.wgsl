// y[i, :] = the ChaCha20 block of key and input[i] (RFC 8439). What the noise kernels draw from, laid open for its
// test.
// Shapes: key [8], input [n, 4] (counter, nonce), y [n, 16]. Grid: any number of workgroups in x.
//@use chacha
struct Params { n: u32, threads: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> key: array<vec4u>;
@group(0) @binding(2) var<storage, read> input: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4u>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var i = id.x; i < p.n; i += p.threads) {
    let r = chacha(key[0], key[1], input[i]);
    y[4u * i] = r.a;
    y[4u * i + 1u] = r.b;
    y[4u * i + 2u] = r.c;
    y[4u * i + 3u] = r.d;
  }
}
