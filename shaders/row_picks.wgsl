// y[r] = a row of group g's part of a pool, drawn under row r's own tag: g pool + (0 .. pool - 1), g = r / batch.
// Philox(counter: 0, step, site and repeat, program; key: the row's tag).
// Shapes: tags [rows] of two words, y [rows] row numbers.
// Grid: any number of workgroups in x, rows `threads` apart.
//@use philox
//@use counter
struct Params { rows: u32, threads: u32, batch: u32, pool: u32, site: u32, program: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> tags: array<vec2u>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var row = id.x; row < p.rows; row += p.threads) {
    let word = philox(counter(0u, p.site, p.program), tags[row]).x;
    y[row] = row / p.batch * p.pool + mulhi(word, p.pool);
  }
}
