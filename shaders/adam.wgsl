// m += (1 - beta1)(g - m); v += (1 - beta2)(g^2 - v); w -= rate m / (sqrt(v) + epsilon); then |w| <= clip.
// Kingma and Ba 2015 as TensorFlow writes it: `rate` carries the bias correction, computed by the host in f64.
// Shapes: w, m, v, g [n]. Grid: any number of workgroups in x, elements `threads` apart.
//@use step
struct Params { n: u32, threads: u32, slot: i32, rate: f32, beta1: f32, beta2: f32, epsilon: f32, clip: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> m: array<f32>;
@group(0) @binding(3) var<storage, read_write> v: array<f32>;
@group(0) @binding(4) var<storage, read> g: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var r = p.rate;
  if (p.slot >= 0) { r = rate(u32(p.slot)); }
  for (var i = id.x; i < p.n; i += p.threads) {
    let gi = g[i];
    let mi = m[i] + (1.0 - p.beta1) * (gi - m[i]);
    let vi = v[i] + (1.0 - p.beta2) * (gi * gi - v[i]);
    m[i] = mi;
    v[i] = vi;
    w[i] = clamp(w[i] - r * mi / (sqrt(vi) + p.epsilon), -p.clip, p.clip);
  }
}
