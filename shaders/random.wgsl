// y = uniform [0, 1) or standard normal draws from Philox(counter: element / 4, step, site and repeat, program;
// key: seed).
// Shapes: y [n]. Grid: any number of workgroups in x; each thread takes blocks of four elements `threads` apart.
//@use philox
//@use circle
//@use maths
//@use counter
struct Params { n: u32, threads: u32, site: u32, program: u32, seed: u32, seed_high: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
override NORMAL: bool = false;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var quad = id.x; quad < (p.n + 3u) / 4u; quad += p.threads) {
    var v = unit(philox(counter(quad, p.site, p.program), vec2u(p.seed, p.seed_high)));
    if (NORMAL) {
      // Box-Muller; 1 - u is never 0. Near 1 log() has few right digits.
      let u = v.xz;
      let e = u / (1.0 - u);
      let r = sqrt(2.0 * select(-log(1.0 - u), vec2f(log1p_(e.x), log1p_(e.y)), u < vec2f(0.5)));
      // Sines are cosines a quarter of a turn back. What is left of the nearest quarter is exact.
      let turn = vec4f(v.y, v.y - 0.25, v.w, v.w - 0.25);
      let quarter = floor(4.0 * turn + 0.5);
      let t = 6.2831853 * (turn - 0.25 * quarter);
      let q = vec4u(quarter + 4.0);
      let c = select(cosine(t), -sine(t), (q & vec4u(1u)) != vec4u(0u));
      v = r.xxyy * select(c, -c, (q & vec4u(2u)) != vec4u(0u));
    }
    for (var i = 0u; i < 4u; i++) {
      let at = 4u * quad + i;
      if (at < p.n) { y[at] = v[i]; }
    }
  }
}
