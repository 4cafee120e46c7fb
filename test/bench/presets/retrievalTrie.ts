/**
 * The n-grams of a text as RACER holds them: a trie of bounded size that evicts the least recently used nodes, with the
 * failure links of Aho and Corasick, which lead from a string to the longest suffix of it that is in the trie.
 *
 * The links are computed for all nodes at once and are not kept up to date: a node used after a link was followed, or drafted
 * from, has its link reset to the root, and so has a node that is reused for another string, whatever still links to it.
 *
 * A new n-gram uses its beginning before its end, so the least recently used node may have others below it, which are
 * evicted with it. In the paper only leaves are evicted; an assertion in its code says the same, but a release build does not
 * check it.
 */

export class TrieNode {
  readonly children = new Map<number, TrieNode>();
  parent: TrieNode | undefined;
  /** The longest suffix; the root's own is itself. */
  link: TrieNode;
  token = -1;
  /** How often the string was added. */
  count = 0;
  depth = 0;

  /** @param root undefined for the root */
  constructor(root: TrieNode | undefined) {
    this.link = root ?? this;
  }
}

export class RetrievalTrie {
  readonly root = new TrieNode(undefined);
  /** All nodes, the least recently used first. */
  private readonly used = new Set<TrieNode>([this.root]);
  /** The node that the text so far has led to. */
  private state = this.root;

  /** @param capacity the number of nodes, root included; much larger than the number of tokens of an n-gram */
  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.used.size;
  }

  put(tokens: readonly number[]): void {
    let node = this.root;
    node.count++;
    for (const token of tokens) {
      this.touch(node);
      const child = node.children.get(token) ?? this.add(node, token);
      child.count++;
      node = child;
    }
    this.touch(node);
  }

  /** Computes all failure links, the shorter strings' first. */
  link(): void {
    const { root } = this;
    const waiting = [...root.children.values()];
    for (const node of waiting) node.link = root;
    for (const node of waiting)
      for (const [token, child] of node.children) {
        let suffix = node.link;
        while (suffix !== root && !suffix.children.has(token)) suffix = suffix.link;
        child.link = suffix.children.get(token) ?? root;
        waiting.push(child);
      }
  }

  /** Follows a text by some tokens. */
  follow(tokens: Iterable<number>): void {
    for (const token of tokens) {
      this.touch(this.state);
      if (!this.state.children.has(token)) {
        while (this.state !== this.root && !this.state.children.has(token)) this.state = this.state.link;
        this.touchBeginnings(this.state);
      }
      this.state = this.state.children.get(token) ?? this.state;
    }
    this.touch(this.state);
  }

  /**
   * The strings of at least `depth` tokens that the text so far ends with once `token` is added, the longest first.
   * The text then leads to the longest of these; if there is none, the position stays as it was.
   */
  suffixes(token: number, depth: number): TrieNode[] {
    const found: TrieNode[] = [];
    let longest: TrieNode | undefined;
    for (let node = this.state; ; node = node.link) {
      const next = node.children.get(token);
      if (next) {
        longest ??= next;
        if (next.depth >= depth) found.push(next);
      }
      if (node === this.root) break;
    }
    this.state = longest ?? this.state;
    for (const node of found) this.touchBeginnings(node);
    return found;
  }

  private add(parent: TrieNode, token: number): TrieNode {
    const node = this.size < this.capacity ? new TrieNode(this.root) : this.recycle();
    node.parent = parent;
    node.token = token;
    node.depth = parent.depth + 1;
    parent.children.set(token, node);
    this.touch(node);
    return node;
  }

  /** Removes the least recently used node from the trie, and all nodes below it. */
  private recycle(): TrieNode {
    const [oldest = this.root] = this.used;
    // The parent may be used for another string by now.
    if (oldest.parent?.children.get(oldest.token) === oldest) oldest.parent.children.delete(oldest.token);
    oldest.children.clear();
    oldest.count = 0;
    oldest.link = this.root;
    return oldest;
  }

  private touch(node: TrieNode): void {
    this.used.delete(node);
    this.used.add(node);
  }

  private touchBeginnings(node: TrieNode): void {
    for (let at: TrieNode | undefined = node; at; at = at.parent) {
      at.link = this.root;
      this.touch(at);
    }
  }
}
