// y[i] = f(a[ia], b[ib], c[ic]) with NumPy's broadcasting; f is one row of the table in src/ops/elementwise.ts.
// Shapes: y [n]; ia walks `strides` of the collapsed shape `dims` (STRIDED), or is i times 0 or 1.
// Grid: any number of workgroups in x; each thread takes elements `threads` apart.
//@use maths
struct Params {
  n: u32, threads: u32, s: f32, t: f32,
  dims: array<vec4u, 2>, a: array<vec4u, 2>, b: array<vec4u, 2>, c: array<vec4u, 2>,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
override STRIDED: bool = false;

fn f(a: f32, b: f32, c: f32, s: f32, t: f32) -> f32 { return a; } //@body

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var i = id.x; i < p.n; i += p.threads) {
    var at = vec3u(i * p.a[0].x, i * p.b[0].x, i * p.c[0].x);
    if (STRIDED) {
      at = vec3u(0);
      var rest = i;
      for (var k = 0u; k < 8u; k++) {
        let d = p.dims[k / 4u][k % 4u];
        let q = rest / d;
        let r = rest - q * d;
        at += r * vec3u(p.a[k / 4u][k % 4u], p.b[k / 4u][k % 4u], p.c[k / 4u][k % 4u]);
        rest = q;
        if (rest == 0u) { break; }
      }
    }
    y[i] = f(a[at.x], b[at.y], c[at.z], p.s, p.t);
  }
}
