// The outputs o along an axis with 0 <= o stride + tap - before < size, where one tap of a convolution lies in the
// image: the first of them, and what is behind the last.
fn within(tap: u32, before: u32, stride: u32, size: u32, outputs: u32) -> vec2u {
  let first = select(0u, (before - tap + stride - 1u) / stride, before > tap);
  let behind = size + before - tap; // at least 0 wherever a window fits
  return vec2u(first, min(outputs, (behind + stride - 1u) / stride));
}
