// y[r, :] = uniform [0, 1) draws that follow row r wherever it stands, from Philox(counter: element of the row / 4,
// step, site and repeat, program; key: the row's tag). With MASK instead 0 where the draw is below `rate`, else `keep`.
// Shapes: tags [rows] of two words, y [rows, width].
// Grid: any number of workgroups in x; each thread takes blocks of four elements of a row `threads` apart.
//@use philox
//@use counter
struct Params { rows: u32, width: u32, threads: u32, site: u32, program: u32, rate: f32, keep: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> tags: array<vec2u>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
override MASK: bool = false;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quads = (p.width + 3u) / 4u;
  for (var at = id.x; at < p.rows * quads; at += p.threads) {
    let row = at / quads;
    let quad = at - row * quads;
    var v = unit(philox(counter(quad, p.site, p.program), tags[row]));
    if (MASK) { v = select(vec4f(p.keep), vec4f(0.0), v < vec4f(p.rate)); }
    for (var i = 0u; i < 4u; i++) {
      let column = 4u * quad + i;
      if (column < p.width) { y[row * p.width + column] = v[i]; }
    }
  }
}
