import { add } from '../ops/elementwise.ts';
import { type Cotangent, checkVersions, force, type Node, type Pair } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Receives the uses of parameters instead of their summed gradients: input `index` of `node`. */
export type Collector = (node: Node, index: number, pair: Pair | null) => void;

/** The nodes on a path from `target` leaves to `output`, latest first. */
function path(output: Tensor, targets: ReadonlySet<Node>): Node[] {
  const first = Math.min(...[...targets].map((n) => n.seq));
  const reaches = new Map<Node, boolean>();
  const visit = (root: Node): void => {
    // Depth first without recursion: a long training program would overflow the stack.
    const stack: { node: Node; next: number }[] = [{ node: root, next: 0 }];
    while (stack.length) {
      const top = stack[stack.length - 1];
      if (top.next === 0) reaches.set(top.node, targets.has(top.node));
      const { parents } = top.node;
      if (top.next < parents.length) {
        const node = parents[top.next++];
        if (node && node.seq >= first && !reaches.has(node)) stack.push({ node, next: 0 });
        continue;
      }
      if (parents.some((node) => node && reaches.get(node))) reaches.set(top.node, true);
      stack.pop();
    }
  };
  if (output.node) visit(output.node);
  return [...reaches].flatMap(([node, yes]) => (yes ? [node] : [])).sort((a, b) => b.seq - a.seq);
}

/**
 * Cotangents of `targets` given that of `output`; null for a target it does not depend on.
 * With `collect`, uses of the targets go there instead and the results are null.
 * @throws VeilganError GRADIENT where a needed value was overwritten
 */
export function backward(
  output: Tensor,
  seed: Tensor,
  targets: readonly Tensor[],
  collect?: Collector,
): (Tensor | null)[] {
  const leaves = new Set(targets.flatMap((t) => (t.node ? [t.node] : [])));
  const cotangents = new Map<Node, Cotangent>();
  const onPath = path(output, leaves);
  const live = new Set(onPath);
  if (output.node) cotangents.set(output.node, seed);
  for (const node of onPath) {
    const g = cotangents.get(node);
    if (!g || leaves.has(node)) continue;
    cotangents.delete(node);
    checkVersions(node);
    const into = node.parents.map((parent) => (parent && live.has(parent) ? parent : null));
    const collected = into.map((parent) => collect !== undefined && parent !== null && leaves.has(parent));
    collected.forEach((yes, i) => {
      if (yes) collect?.(node, i, node.pairs?.(g, i) ?? null);
    });
    const wanted = into.map((parent, i) => !collected[i] && parent !== null);
    if (!wanted.some(Boolean)) continue;
    const results = node.vjp(g, wanted);
    into.forEach((parent, i) => {
      const more = results[i];
      if (!wanted[i] || !parent || !more) return;
      const sofar = cotangents.get(parent);
      cotangents.set(parent, sofar ? add(force(sofar), force(more)) : more);
    });
  }
  return targets.map((t) => {
    const g = t.node && cotangents.get(t.node);
    return g ? force(g) : null;
  });
}
