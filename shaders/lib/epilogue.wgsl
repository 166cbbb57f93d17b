// What happens to a product before it is written, over one element; p.epilogue and src/ops/epilogue.ts say which.
// `c` is the bias (read at `bias`) or the mask (read at `at`, the element's own place).
fn leaky(v: f32) -> f32 { return select(p.slope * v, v, v > 0.0); }

fn finished(v: f32, bias: u32, at: u32) -> f32 {
  switch p.epilogue {
    case 1u: { return v + c[bias]; }
    case 2u: { return leaky(v + c[bias]); }
    case 3u: { return v * select(p.slope, 1.0, c[at] > 0.0); }
    case 4u: { return tanh(clamp(v + c[bias], -15.0, 15.0)); }
    case 5u: { return leaky(v); }
    case 6u: { return tanh(clamp(v, -15.0, 15.0)); }
    default: { return v; }
  }
}
