// Squared norms of each sample's own filter gradient from Gram matrices ("ghost norms", Goodfellow 2015): with e[t, t']
// the product of the errors at two positions of the map,
//   norm^2[s] = sum over taps, t, t' of e[t, t'] <x under the tap at t, x under the tap at t'>.
// Two such pixels are a whole number of strides apart, so they lie on one of sh sw grids; with u, u' on a grid,
//   norm^2[s] = sum over grids, u, u' of <x[u], x[u']> (sum over the grid's taps d of e[u - d, u' - d]),
// which multiplies each pair of pixels once, not once a tap. A pair and its mirror image are equal.
// Shapes: x [all, h, w, ci], ci a multiple of 4; y [all, pieces], whose sum by sample is the squared norm; e [some, T,
// T], T = oh ow, of the samples from p.chunk on. A thread takes 4 x 4 pairs of a grid, so pieces = sh sw m (m + 1) / 2
// with 4 m at least the pixels of a grid.
// Grid: (ceil(pieces / 64), some). Plain composition: conv_filter_naive.wgsl, each sample alone.
//@use conv_params
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> e: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

const SIDE = 4u;

// Place of a pair of tiles in the lower triangle: row and column.
fn tiles(i: u32) -> vec2u {
  var row = u32((sqrt(8.0 * f32(i) + 1.0) - 1.0) / 2.0);
  if (row * (row + 1u) / 2u > i) { row--; }
  if ((row + 1u) * (row + 2u) / 2u <= i) { row++; }
  return vec2u(row, i - row * (row + 1u) / 2u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let grid = vec2u((p.w + p.sw - 1u) / p.sw, (p.h + p.sh - 1u) / p.sh);
  let m = (grid.x * grid.y + SIDE - 1u) / SIDE;
  let pairs = m * (m + 1u) / 2u;
  if (id.x >= pairs * p.sh * p.sw) { return; }
  let which = id.x / pairs;
  let s = p.chunk + id.y;
  let offset = vec2u(which % p.sw, which / p.sw); // of the grid's first pixel
  let tile = tiles(id.x % pairs);
  let ci4 = p.ci / 4u;

  // Pixels of the thread's rows and columns: where on the grid, where in x; those outside of the image count as none.
  var row: array<vec2u, SIDE>;
  var col: array<vec2u, SIDE>;
  var row_at: array<u32, SIDE>;
  var col_at: array<u32, SIDE>;
  var row_in: array<bool, SIDE>;
  var col_in: array<bool, SIDE>;
  for (var i = 0u; i < SIDE; i++) { //@unroll
    let r = tile.x * SIDE + i;
    let c = tile.y * SIDE + i;
    row[i] = vec2u(r % grid.x, r / grid.x);
    col[i] = vec2u(c % grid.x, c / grid.x);
    let a = row[i] * vec2u(p.sw, p.sh) + offset;
    let b = col[i] * vec2u(p.sw, p.sh) + offset;
    row_in[i] = all(a < vec2u(p.w, p.h));
    col_in[i] = all(b < vec2u(p.w, p.h));
    row_at[i] = select(0u, ((s * p.h + a.y) * p.w + a.x) * ci4, row_in[i]);
    col_at[i] = select(0u, ((s * p.h + b.y) * p.w + b.x) * ci4, col_in[i]);
  }

  var gram: array<vec4f, SIDE>;
  for (var l = 0u; l < ci4; l++) {
    var b: array<vec4f, SIDE>;
    for (var j = 0u; j < SIDE; j++) { b[j] = x[col_at[j] + l]; } //@unroll
    for (var i = 0u; i < SIDE; i++) { //@unroll
      let a = x[row_at[i] + l];
      gram[i] += vec4f(dot(a, b[0u]), dot(a, b[1u]), dot(a, b[2u]), dot(a, b[3u]));
    }
  }

  let T = p.oh * p.ow;
  let map = vec2u(p.ow, p.oh);
  let first = offset + vec2u(p.left, p.top); // the first tap of the grid is what is left of it by whole strides
  let taps = vec2u(p.kw, p.kh);
  let stride = vec2u(p.sw, p.sh);
  var sum = 0.0;
  for (var ty = first.y % p.sh; ty < p.kh; ty += p.sh) {
    for (var tx = first.x % p.sw; tx < p.kw; tx += p.sw) {
      let d = first / stride - vec2u(tx, ty) / stride; // below zero it wraps, and is outside too
      var at: array<u32, SIDE>;
      var there: array<bool, SIDE>;
      for (var j = 0u; j < SIDE; j++) { //@unroll
        let t = col[j] + d;
        there[j] = col_in[j] && all(t < map);
        at[j] = t.y * p.ow + t.x;
      }
      for (var i = 0u; i < SIDE; i++) { //@unroll
        let t = row[i] + d;
        let here = row_in[i] && all(t < map);
        let line = (id.y * T + t.y * p.ow + t.x) * T;
        for (var j = 0u; j < SIDE; j++) { //@unroll
          let both = here && there[j];
          sum += select(0.0, gram[i][j] * e[select(0u, line + at[j], both)], both);
        }
      }
    }
  }
  y[s * (pairs * p.sh * p.sw) + id.x] = sum * select(2.0, 1.0, tile.x == tile.y);
}
