// x = sum over the windows o that contain a place, and whose tap names it, of y[o]: the adjoint of pool_pick.wgsl. With
// AVERAGE every such window counts, divided by how many of its places lie inside the image.
// Shapes: x [images, h, w, channels], n elements; y and tap [images, out_h, out_w, channels].
// Grid: any number of workgroups in x, elements `threads` apart.
//@use window
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> tap: array<u32>;
@group(0) @binding(3) var<storage, read_write> x: array<f32>;
override AVERAGE: bool = false;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var i = id.x; i < p.n; i += p.threads) {
    let at = place(i, p.h, p.w);
    let rows = covering(at.y, p.before_h, p.out_h);
    let columns = covering(at.x, p.before_w, p.out_w);
    var sum = 0.0;
    for (var r = rows.x; r < rows.y; r++) {
      for (var k = columns.x; k < columns.y; k++) {
        let o = index(Place(at.image, r, k, at.c), p.out_h, p.out_w);
        if (AVERAGE) {
          let high = inside(r, p.before_h, p.h);
          let wide = inside(k, p.before_w, p.w);
          sum += y[o] / f32((high.y - high.x) * (wide.y - wide.x));
        } else {
          let local = vec2u(at.y + p.before_h, at.x + p.before_w) - vec2u(r, k) * p.stride;
          if (tap[o] == p.size * local.x + local.y) { sum += y[o]; }
        }
      }
    }
    x[i] = sum;
  }
}
