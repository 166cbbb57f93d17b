// The epilogue of a product's element [i, j]: c is the bias [groups / c_div, n] or the mask [groups, m, n].
//@use matmul_params
//@use epilogue
alias V = f32;
fn finish(v: f32, g: u32, i: u32, j: u32) -> f32 {
  return finished(v, g / p.c_div * p.n + j, (g * p.m + i) * p.n + j);
}
