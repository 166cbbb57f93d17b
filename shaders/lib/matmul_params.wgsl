// The uniform of every matmul kernel; src/ops/matmul-params.ts says the same in TypeScript.
struct Params {
  m: u32, n: u32, k: u32, groups: u32,
  a_row: u32, a_col: u32, b_row: u32, b_col: u32, // strides: a[i * a_row + l * a_col], b[l * b_row + j * b_col]
  a_group: u32, b_group: u32,                     // elements from one block to the next
  a_div: u32, b_div: u32, c_div: u32,             // group g uses block g / div of a, b and the bias
  epilogue: u32,
  slope: f32,
  chunk: u32, splits: u32,                        // steps of a split, all of them where products have no weights
}
@group(0) @binding(0) var<uniform> p: Params;

// The first step of split z % splits, and the end of its steps.
fn steps(z: u32) -> vec2u {
  let first = z % p.splits * p.chunk;
  return vec2u(first, min(first + p.chunk, p.k));
}
