// y = the element of each window that tap names; with AVERAGE the mean of the window's places inside the image.
// Shapes: x [images, h, w, channels], y and tap [images, out_h, out_w, channels], n elements; tap as pool_max.wgsl
// leaves it. Grid: any number of workgroups in x, elements `threads` apart.
//@use window
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> tap: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
override AVERAGE: bool = false;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var i = id.x; i < p.n; i += p.threads) {
    let o = place(i, p.out_h, p.out_w);
    if (AVERAGE) {
      let rows = inside(o.y, p.before_h, p.h);
      let columns = inside(o.x, p.before_w, p.w);
      var sum = 0.0;
      for (var r = rows.x; r < rows.y; r++) {
        for (var k = columns.x; k < columns.y; k++) { sum += x[index(Place(o.image, r, k, o.c), p.h, p.w)]; }
      }
      y[i] = sum / f32((rows.y - rows.x) * (columns.y - columns.x));
    } else {
      let local = vec2u(tap[i] / p.size, tap[i] % p.size);
      let at = vec2u(o.y, o.x) * p.stride + local - vec2u(p.before_h, p.before_w);
      y[i] = x[index(Place(o.image, at.x, at.y, o.c), p.h, p.w)];
    }
  }
}
