import assert from "node:assert/strict";
import { test } from "node:test";
import { indentationStyle, mapped, mappingOf } from "../../../../server/postprocess/indentation.ts";
import { Scanner, type State, sameState } from "../../../../server/postprocess/scanner.ts";
import { languageRules } from "../../../../server/syntax/languages.ts";

function stateAfter(text: string, languageId: string): State {
  const scanner = new Scanner(languageRules(languageId).lexicon);
  scanner.scan(text);
  return scanner.state;
}

/** The closers of what is open after a text, the innermost first. */
function open(text: string, languageId: string): string {
  const closers: string[] = [];
  for (let state = stateAfter(text, languageId); state; state = state.parent) closers.push(state.close);
  return closers.join(" ");
}

test("what is open at a place is recognised in each language", () => {
  for (const [languageId, text, closers] of [
    ["python", "f('''a\n\"", "''' )"],
    ["python", 'f(f"{{{a[', '] } " )'],
    ["python", "# it's (\nf(", ")"],
    ["javascript", "f(`a ${b(", ") } ` )"],
    ["javascript", "a = /[/(]/.test(b / c, (", ") )"],
    ["typescriptreact", "f(<p>It's {a}, the users' {", "} )"],
    ["vue", "<p>Don't</p>{{", "} }"],
    ["php", "<p>It's</p>\n<?php\nf('(', ", ")"],
    ["vue", "<p>https://example.org/{{", "} }"],
    ["svelte", "<p>https://example.org/{", "}"],
    ["vue", '<p>` 5" \'tis</p><a :b="`(`">{{ `${', "} ` } }"],
    ["svelte", "<p>`</p><!-- { --><a class={`b ${", "} ` }"],
    ["scss", "a { b: url(http://c", ") }"],
    ["less", "a { // (\n", "}"],
    ["javascript", "case /`/.test(s): (", ")"],
    ["javascript", "f(s => /[('`]/.test(s), typeof /`/, {", "} )"],
    ["ruby", "when /`/ then [", "]"],
    ["ruby", 'f(a =~ /[("]/, [', "] )"],
    ["shellscript", "echo It\\'s \\\"\nfind . \\( -a\nf {", "}"],
    ["powershell", '$a = "a `" {"; f `"(', ")"],
    ["powershell", '@"\nsay "hi (\n"@ + {', "}"],
    ["clojure", '(f \\" \\( [', "] )"],
    ["lua", 'f([==[ ]] " (\n]==], {', "} )"],
    ["rust", 'f(r"\\", br##" "# " ("##, [', "] )"],
    ["shellscript", "cat <<'EOF' | f\n 'tis (\nEOF2\nEOF\n{", "}"],
    ["shellscript", "cat << EOF\n(\n", "EOF"],
    ["shellscript", 'f $((1 << N)) <<< "a"\n(', ")"],
    ["ruby", "a << B\nf(<<~SQL, [\n  it's\n  SQL\n", "] )"],
    ["perl", 'print <<"EOT";\nIt\'s {\nEOT\n(', ")"],
    ["php", "f(<<<SQL\n 'it\n  SQL, [", "] )"],
    ["rust", "fn f<'a>(a: &'a str, b: char = '(', [", "] )"],
    ["rust", '/* a /* b */ ( " */ f(', ")"],
    ["kotlin", '/* a /* b */ ( " */ f(', ")"],
    ["haskell", '{- a {- b -} " -} f (', ")"],
    ["ocaml", '(* a (* b *) " *) f (', ")"],
    ["java", "/* a /* b */ f(", ")"],
    ["rust", "['\\'', ''', '\\x41','a','\\u{1F600}','b','🎉','(', ", "]"],
    ["ruby", "f(%w[don't (], %q(it's (a) \"), %Q{'#{a(\"", '" ) } } )'],
    ["ruby", "f(%q{a) it's (", "} )"],
    ["perl", "f(q{a) it's (", "} )"],
    ["elixir", "f([~s{a]) it's (", "} ] )"],
    ["ruby", "f(%|it's (|, %r{[\"'(]}, a % (b), a %w, [", "] )"],
    ["elixir", "f(~w(don't \"), ~S[it's #{], ~s{#{a", "} } )"],
    ["perl", "f(qw(don't \"), q{it's {a}}, $q{b}, {", "} )"],
    ["shellscript", "cat <<eof\nit's (\neof\nf $((1 <<n)) $(( (1 << 2) + m )) {\n", "}"],
    ["shellscript", "cat <<-'end'\n(\n", "end"],
    ["ruby", "a = [f(<<~sql, <<-x), b <<c, class <<self\n  it's (\n  sql\n", "]"],
    ["ruby", "f(a<<b, a << c, a<<'d', class <<self\n", ")"],
    ["perl", "print <<eof;\nit's (\neof\nf(", ")"],
    ["terraform", "a = <<-eot\nit's (\n", "eot"],
    ["yaml", "a: |\n  it = 'b (\n\n  # \"\nc: [", "]"],
    ["yaml", "- a: >-  # b\n    it = 'b (\n  c: [", "]"],
    ["yaml", "- &a |2+\n  it = 'b (\n- [", "]"],
    ["yaml", "a: b|\n# c: |\n  - {", "}"],
    ["makefile", "a:\n\techo \"it's $(b)\n\techo don't 'it (' \"$(", ') "'],
    ["csharp", 'a($@"{b}""{', '} " )'],
    ["kotlin", '"${a["', '" ] } "'],
    ["ruby", '"#{a', '} "'],
    ["swift", '"\\(a', ') "'],
    ["shellscript", 'case a in b) "$(c ${d', '} ) "'],
    ["sql", "('it''s (", "' )"],
    ["lua", "--[[ ( ]] f([[ (", "]] )"],
    ["yaml", "it's: [", "]"],
    ["html", "<p>it's <a href=\"(", '"'],
    ["ocaml", "type 'a t = { f' : 'b -> ('c', '(', {|\"(|}, [", "] ) }"],
    ["fsharp", "let f (a: 'a) '(' \"a\" (* ' *) [", "]"],
    ["haskell", "foldl' ('(') ['[], ''Name, {", "} ]"],
    ["rust", "f(b'(', b'\\'', [", "] )"],
    ["elixir", "f('''\n\"#{a}\" it's (\n''', [", "] )"],
    ["julia", "a' * b[1]' + '(' #= ' ( =# [", "]"],
    ["erlang", "% don't 'f (\n{$\", [", "] }"],
    ["verilog", "assign a = 8'hff + 'bx; // \"(\nf(", ")"],
    ["vhdl", "-- \"(\na <= b'event and c = '1' and (", ")"],
    ["pascal", "{ it's ( } f('it''s (', [", "] )"],
    ["tcl", 'if {$a eq "(" && [f b"] {', "} }"],
    ["cmake", 'set(a "\n# (") #[[ ( ]]\nf([[ "( ]]', ")"],
    ["solidity", "f(hex'00', /* ' */ [", "] )"],
    ["handlebars", "<p>it's 'a ({{b}}", ""],
    ["unknown-language", "don't (", ")"],
    ["nix", "f = '' it's ''${a (b ''' '' + { # '' (\n a = ''echo ${b [", "] } '' }"],
    ["nix", 'f\' = "it\'s $${(" /* " */ + {', "}"],
    ["elm", 'f = """\n\'it " (\n""" ++ \'"\' ++ [', "]"],
    ["scala", 'f(""""a"""", """{"b": ""\\"""", [', "] )"],
    ["dockerfile", 'RUN echo "it\'s \\\n  (" \\\n && case $A in a) b {', "}"],
    ["plaintext", "don't (", ""],
  ] as const)
    assert.equal(open(text, languageId), closers, `${languageId}: ${text}`);
});

test("states are equal where the same brackets are open, wherever they were opened", () => {
  assert.ok(sameState(stateAfter("f(a) + g(", "python"), stateAfter("f(", "python")));
  assert.ok(!sameState(stateAfter("f[", "python"), stateAfter("f(", "python")));
  assert.ok(!sameState(stateAfter("f((", "python"), stateAfter("f(", "python")));
});

test("a text is indented as the document is", () => {
  const two = { kind: "spaces", unit: 2, regular: true } as const;
  const tabs = { kind: "tabs" } as const;
  const columns = (base: number, first: number, style: typeof two | typeof tabs, leading: string) =>
    mapped(leading, mappingOf(base, first, style), style);
  assert.equal(columns(2, 4, two, "    "), "    ", "as the document");
  assert.equal(columns(2, 8, two, "        "), "    ", "levels of four columns");
  assert.equal(columns(2, 2, two, "  "), "    ", "counted from the cursor");
  assert.equal(columns(4, 8, tabs, "        "), "\t\t");
  assert.equal(columns(2, 6, two, "      "), "    ", "from the cursor's line in steps of four");
});

test("a document's unit is the step that its lines mostly take, whatever a single line does", () => {
  const unit = (text: string) => {
    const style = indentationStyle(text);
    return style.kind === "spaces" ? [style.unit, style.regular] : style.kind;
  };
  const sub = "sub f {\n    g();\n    h();\n}\n";
  assert.deepEqual(unit(`${sub}=pod\n\n  f();\n\n=cut\n${sub}`), [4, false], "an example of two columns");
  assert.deepEqual(
    unit("/*\n * a\n */\nif a {\n  b\n  if c {\n    d\n  }\n}\n"),
    [2, true],
    "no comment's asterisk",
  );
  assert.deepEqual(unit("f(\n    a)\ng {\n  b\n}\n"), [2, true], "the smallest of equally many");
});
