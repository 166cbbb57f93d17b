// What happens to a product before it is written, over one element; c is the bias [groups / c_div, n] or the mask
// [groups, m, n].
//@use matmul_params
fn leaky(v: f32) -> f32 { return select(p.slope * v, v, v > 0.0); }

fn finish(v: f32, g: u32, i: u32, j: u32) -> f32 {
  switch p.epilogue {
    case 1u: { return v + c[g / p.c_div * p.n + j]; }
    case 2u: { return leaky(v + c[g / p.c_div * p.n + j]); }
    case 3u: { return v * select(p.slope, 1.0, c[(g * p.m + i) * p.n + j] > 0.0); }
    case 4u: { return tanh(clamp(v + c[g / p.c_div * p.n + j], -15.0, 15.0)); }
    case 5u: { return leaky(v); }
    default: { return v; }
  }
}
