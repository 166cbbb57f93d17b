// y[i] = 0 where u[i] < rate, else keep, u being the uniform draws of random.wgsl from the same counters.
// Shapes: y [n]. Grid: any number of workgroups in x; each thread takes blocks of four elements `threads` apart.
//@use philox
//@use counter
struct Params {
  n: u32, threads: u32, site: u32, program: u32, seed: u32, seed_high: u32, rate: f32, keep: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var quad = id.x; quad < (p.n + 3u) / 4u; quad += p.threads) {
    let u = unit(philox(counter(quad, p.site, p.program), vec2u(p.seed, p.seed_high)));
    let v = select(vec4f(p.keep), vec4f(0.0), u < vec4f(p.rate));
    for (var i = 0u; i < 4u; i++) {
      let at = 4u * quad + i;
      if (at < p.n) { y[at] = v[i]; }
    }
  }
}
