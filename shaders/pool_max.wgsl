// y = maximum over each window, tap = where it was, as size * row + column within the window; of equal ones the first.
// Shapes: x [images, h, w, channels], y and tap [images, out_h, out_w, channels], n elements.
// Grid: any number of workgroups in x, elements `threads` apart.
//@use window
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> tap: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var i = id.x; i < p.n; i += p.threads) {
    let o = place(i, p.out_h, p.out_w);
    let rows = inside(o.y, p.before_h, p.h);
    let columns = inside(o.x, p.before_w, p.w);
    var best = x[index(Place(o.image, rows.x, columns.x, o.c), p.h, p.w)];
    var at = vec2u(rows.x, columns.x);
    for (var r = rows.x; r < rows.y; r++) {
      for (var k = columns.x; k < columns.y; k++) {
        let v = x[index(Place(o.image, r, k, o.c), p.h, p.w)];
        if (v > best) { best = v; at = vec2u(r, k); }
      }
    }
    y[i] = best;
    let local = at + vec2u(p.before_h, p.before_w) - vec2u(o.y, o.x) * p.stride;
    tap[i] = p.size * local.x + local.y;
  }
}
