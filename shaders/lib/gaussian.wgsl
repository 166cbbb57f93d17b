// Standard normals by Box-Muller with what f32 can hold of accuracy; built-in functions promise far less (log: 2^-21,
// sin and cos: 2^-11, absolute), and a uniform of 24 bits would end the tails at 5.8.
//@use circle
// (high 2^32 + low + 1/2) / 2^64 cut to 24 significant bits, however small. Conversions of at most 24 bits are exact on
// every adapter, those of 32 are not.
fn fraction(high: vec4u, low: vec4u) -> vec4f {
  let small = high == vec4u(0u);
  let first = select(high, low, small);
  let second = select(low, vec4u(0x80000000u), small);
  let s = min(countLeadingZeros(first), vec4u(31u));
  let bits = (first << s) | ((second >> vec4u(1u)) >> (vec4u(31u) - s));
  let exponent = vec4u(103u) - s - select(vec4u(0u), vec4u(32u), small);
  return vec4f(bits >> vec4u(8u)) * bitcast<vec4f>(exponent << vec4u(23u));
}

// -ln(u) for a uniform u of 64 bits, to a few units in the last place at both ends; log() promises only 2^-21, and
// where u is near 1 the uniform must not be rounded before 1 - u is taken. Polynomial: Cephes' logf.
fn minus_log(high: vec4u, low: vec4u) -> vec4f {
  let near = high >= vec4u(0xb504f334u);
  let v = fraction(select(high, ~high, near), select(low, ~low, near));
  let bits = bitcast<vec4u>(v);
  let m = bitcast<vec4f>((bits & vec4u(0x7fffffu)) | vec4u(0x3f800000u));
  let up = m > vec4f(1.4142135);
  let e = select(vec4f(bits >> vec4u(23u)) - 127.0 + select(vec4f(0.0), vec4f(1.0), up), vec4f(0.0), near);
  let x = select(select(m, 0.5 * m, up) - 1.0, -v, near);
  var q = 7.0376836292e-2 * x - 1.1514610310e-1;
  q = q * x + 1.1676998740e-1;
  q = q * x - 1.2420140846e-1;
  q = q * x + 1.4249322787e-1;
  q = q * x - 1.6668057665e-1;
  q = q * x + 2.0000714765e-1;
  q = q * x - 2.4999993993e-1;
  q = q * x + 3.3333331174e-1;
  let z = x * x;
  return -(0.693359375 * e + (x + ((q * x * z - 2.12194440e-4 * e) - 0.5 * z)));
}

// Eight of them, in pairs: radius from 64 bits (high, low), angle from 32. An eighth of a turn, the signs of sine and
// cosine and their exchange make the whole circle.
fn normals(high: vec4u, low: vec4u, angle: vec4u) -> array<vec4f, 2> {
  let radius = sqrt(2.0 * minus_log(high, low));
  let within = angle & vec4u(0x1fffffffu);
  let t = (vec4f(within >> vec4u(5u)) * 32.0 + (vec4f(within & vec4u(31u)) + 0.5)) * 1.4629180e-9;
  let si = sine(t);
  let co = cosine(t);
  let swap = (angle & vec4u(0x80000000u)) != vec4u(0u);
  let minus0 = (angle & vec4u(0x40000000u)) != vec4u(0u);
  let minus1 = (angle & vec4u(0x20000000u)) != vec4u(0u);
  let x0 = radius * select(co, si, swap);
  let x1 = radius * select(si, co, swap);
  return array<vec4f, 2>(select(x0, -x0, minus0), select(x1, -x1, minus1));
}
