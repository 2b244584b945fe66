"""Writes jinja-cases.json: templates over every construct of the engine with what Jinja2 3.1.6 on Python 3.11 makes of them.

Run with the interpreter that has jinja2==3.1.6: python make_cases.py > jinja-cases.json
"""
import json

from oracle import case

MESSAGES = [{"role": "system", "content": "Be \"brief\"."}, {"role": "user", "content": "Hi <b>\n there"},
            {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1, "b": [True, None, 1.5]}}}]},
            {"role": "tool", "content": "naïve ☃ 😀"}]
C = {"messages": MESSAGES, "s": "Hello, World", "e": "", "n": 7, "f": 2.5, "neg": -3, "t": True, "no": None, "xs": [3, 1, 2],
     "ss": ["b", "A", "c", "a"], "d": {"b": 2, "a": 1, "C": 3}, "deep": {"x": {"y": [1, {"z": "end"}]}}, "u": "añ😀b",
     "ds": [{"k": "x", "v": 2}, {"k": "y", "v": 1}, {"k": "x", "v": 3}], "ws": " \t pad \n ", "q": "it's", "qq": 'a"b', "big": 1e20, "small": 1e-7}

EXPRESSIONS = r'''
1 + 2 * 3
2 ** 3 ** 2
-2 ** 2
2 ** -1
7 // 2
-7 // 2
7 % 3
-7 % 3
7.5 // 2
-7.5 % 2
6 / 3
1 / 3
1 + 1.0
"a" + "b"
"a" "b" 'c'
"ab" * 3
3 * [1, 2]
(1, 2) + (3,)
[1] + [2, 3]
1 ~ "a" ~ none ~ true ~ 2.0 ~ [1, "x"]
not true or true and false
1 < 2 < 3
1 < 3 > 2
1 == 1.0
true == 1
none == false
"a" < "b"
[1, 2] < [1, 3]
"a" in "cat"
"z" not in s
1 in xs
"a" in d
not 1 in xs
1 if t else 2
1 if not t
"x" if no is none else "y"
1 if false else 2 if false else 3
xs[0]
xs[-1]
xs[5]
xs[1:]
xs[:-1]
xs[::-1]
xs[::2]
s[0]
s[-5:]
s[::-1]
s[2:8:2]
s[10:2:-3]
u[1]
u[2]
u[::-1]
u[1:3]
u|length
s[n - 5 : n - 2]
messages[1:][0]["role"]
messages[-1].content
messages[0]["nothing"]
messages[0].nothing.more
missing
missing.x
missing["x"]
missing + 1
missing | default("d")
no | default("d")
no | default("d", true)
e | default("d", boolean=true)
missing is defined
missing is undefined
no is defined
d.a
d["a"]
d.items()
d.items() | list
d.keys() | list
d.values() | list
d.get("a")
d.get("z")
d.get("z", 9)
d | items | list
deep.x.y[1].z
deep["x"]["y"][0]
{"a": 1, 'b': [1, (2,), ()]}
{1: "x", none: 2, true: 3}
[1, 1.0, "x'y", 'say "hi"', none, true, {"k": "v"}]
(1, 2)
(1,)
()
1.0
1e3
1.5e300
100000000000000000.0
0.1 + 0.2
big
small
123456789.123
1_000
0x1f
0o17
0b101
'it\'s \x41\u00e9\n\t\\ \q'
q
[q, qq]
["a\nb", "\x00\x7f\u200b"]
s.upper()
s.lower()
s.title()
s.swapcase()
s.split(", ")
s.split()
" a  b ".split()
"a,b,c".split(",", 1)
"a,b,c".rsplit(",", 1)
" a b c ".split(None, 1)
" a b c ".rsplit(None, 1)
"a\nb\r\nc".splitlines()
"a\nb".splitlines(true)
ws.strip() ~ "|" ~ ws.lstrip() ~ "|" ~ ws.rstrip()
"xxaxx".strip("x")
"abc".startswith("ab")
"abc".startswith(("x", "a"))
"abc".endswith("bc")
"abcabc".find("c")
"abcabc".rfind("c")
"abcabc".find("c", 3)
"abc".index("z")
"abcabc".count("bc")
"abc".replace("b", "BB")
"aaa".replace("a", "b", 2)
"abc".replace("", "-")
", ".join(ss)
", ".join(xs)
"{} {}".format(1, "x")
"{0}-{1}-{0} {name}".format(1, 2, name="N")
"{:>5}|{:<5}|{:^5}|{:05d}|{:.2f}".format("a", "b", "c", 42, 3.14159)
"{:,}".format(1234567)
"{!r}".format("x")
"%s is %d or %05.1f %x %%" % ("a", 3, 2.25, 255)
"%(a)s" % {"a": 1}
"%s" % s
"%5s|%-5s|" % ("a", "b")
"abc".capitalize()
"hello world".title()
"a-b".partition("-")
"a-b-c".rpartition("-")
"7".zfill(3)
"-7".zfill(4)
"ab".center(7, "*")
"ab".ljust(4) ~ "|"
"ab".rjust(4)
"abc".removeprefix("a").removesuffix("c")
"12".isdigit()
"ab".isalpha()
"a1".isalnum()
"".isdigit()
"AB".isupper()
"ab".islower()
" ".isspace()
"Ab Cd".istitle()
"straße".upper()
"a\tb".expandtabs(4)
s.pop
xs.append(4)
xs.count(1)
xs.index(2)
d.pop("a")
s | upper | lower | title
"foo bar-baz (qux" | title
s | length
d | length
xs | first
xs | last
[] | first
[] | last
s | first
xs | join("-")
ss | join
ds | join(",", attribute="k")
xs | sort
xs | sort(reverse=true)
ss | sort
ss | sort(case_sensitive=true)
ds | sort(attribute="v")
ds | sort(attribute="k,v")
xs | reverse | list
s | reverse
xs | max
xs | min
ss | max
[] | max
xs | sum
ds | sum(attribute="v")
ss | unique | list
["a", "A", "b"] | unique | list
["a", "A", "b"] | unique(case_sensitive=true) | list
d | dictsort
d | dictsort(true)
d | dictsort(by="value", reverse=true)
xs | map("string") | list
ds | map(attribute="k") | list
ds | map(attribute="z", default="-") | list
ss | map("upper") | join(" ")
ss | map("replace", "a", "Z") | list
xs | select("odd") | list
xs | reject("odd") | list
xs | select("gt", 1) | list
[0, 1, "", "x"] | select | list
ds | selectattr("k", "equalto", "x") | list
ds | selectattr("v", ">", 1) | map(attribute="v") | list
ds | rejectattr("k", "eq", "x") | list
ds | selectattr("k") | list | length
ds | groupby("k") | list
xs | batch(2) | list
xs | batch(2, 0) | list
xs | slice(2) | list
xs | map("string")
(xs | map("string"))[0]
xs | select("odd") | length
ws | trim
"xxaxx" | trim("x")
"a\nb\n\nc" | indent
"a\nb\n\nc" | indent(2, true)
"a\nb\n\nc" | indent("> ", blank=true)
s | replace("l", "L")
s | replace("l", "L", 1)
"<b>&'\"" | escape
"<b>" | e | upper
"<b>" | safe
s | truncate(8)
s | truncate(8, true)
s | truncate(5, leeway=0)
"word " * 80 | truncate
s | wordcount
s | center(20) ~ "|"
"3.7" | int
"abc" | int
"abc" | int(5)
"0x1f" | int(0, 16)
" 12 " | int
3.9 | int
-3.9 | int
true | int
none | int
"1.5" | float
"x" | float
"x" | float(2)
2.5 | round
3.5 | round
2.675 | round(2)
42.55 | round(1, "floor")
42.55 | round(1, "ceil")
5 | round
-5 | abs
-2.5 | abs
"%s-%s" | format(1, 2)
"%(a)s" | format(a=3)
"a b&c/d" | urlencode
d | urlencode
1234567 | filesizeformat
123 | filesizeformat
1234567 | filesizeformat(true)
"<p>a  <b>b</b></p>" | striptags
s | string
12 | string | length
s | list
d | list
s | attr("upper")
s | nofilter
d | tojson
xs | tojson(indent=2)
deep | tojson(indent=2)
d | tojson(separators=(",", ":"))
d | tojson(sort_keys=true)
u | tojson
u | tojson(ensure_ascii=true)
"\x00\x1f\"\\/\n" | tojson
[1.0, 1e100, true, none, "x", (1, 2)] | tojson
{} | tojson(indent=2)
[[], {}, [1]] | tojson(indent=1)
{1: 2, none: 3, true: 4} | tojson
missing | tojson
messages[2] | tojson
1 is odd
2 is even
9 is divisibleby 3
9 is divisibleby(2)
s is string
1 is string
1 is number
true is number
true is boolean
1 is integer
true is integer
1.0 is float
d is mapping
xs is mapping
xs is sequence
d is sequence
missing is sequence
d.items() is sequence
xs is iterable
1 is iterable
none is none
none is not none
"a" is in "abc"
1 is in xs
1 is eq 1
1 is ne 2
2 is gt 1
2 is lessthan 3
"abc" is lower
"ABC" is upper
1 is sameas 1
range is callable
"upper" is filter
"odd" is test
1 is nosuchtest
true is true
1 is true
false is false
range(3)
range(3) | list
range(1, 10, 3) | list
range(5, 0, -2) | list
range(200000)
range(5)[1:3]
range(1, 10)[::2] | list
3 in range(5)
dict(a=1, b=2)
dict({"a": 1}, b=2)
dict([("a", 1)])
namespace(a=1).a
namespace({"a": 1}, b=2).b
namespace(a=1).z
namespace(a=1)
strftime_now("%d %b %Y %H:%M:%S %A %B %j %p %I %y %m %% %-d")
raise_exception("stop: " ~ n)
1()
s()
missing()
"a" + 1
1 + "a"
[1] + (2,)
-"a"
none < 1
"a" < 1
1 in 5
1 in "abc"
none[0]
none.x
1.x
xs.foo
xs["foo"]
xs[none]
1 // 0
1 % 0
1 / 0
2 ** 0.5
10 ** 3
"a" % 1
loop
caller()
none | length
1 | length
none | list
1 | join
none | upper
none | trim
true ~ ""
[] is defined
xs[1:none]
xs[missing:]
no[1:]
s[1.0]
d[xs]
{xs: 1}
xs == [3, 1, 2]
(1, 2) == [1, 2]
d == {"a": 1, "b": 2, "C": 3}
missing == missing2
missing == none
1 == "1"
none | string
true | string
"a" ~ missing ~ "b"
missing | length
missing | upper
missing | list
missing | join(",")
missing | int
missing | first
not missing
missing and 1
"x" and "y"
"" or "z"
1 and 0 or 3
+n
-neg
- - 3
(n)
((1 + 2) * 3)
[1, 2,]
{"a": 1,}
(1, 2,)
d.a.b.c
"abc"[1].upper()
"a b".split(" ")[1]
s.split(",")[0].strip().lower()[1:3]
[1, [2, [3]]][1][1][0]
{"f": {"g": 1}}.f.g
{"a": {"b": 2}}["a"]["b"]
xs | map("string") | map("int") | sum
"a" if missing else "b"
"%d" % 3.9
"%s" % (xs,)
"%s %s" % (1,)
"%q" % 1
"%r" % s
"%c" % 65
"%e" % 12345.678
"%g" % 0.00001234
"%+d % d" % (1, 2)
"%.3s" % "abcdef"
"{:e}".format(12345.678)
"{:g}".format(1e10)
"{:%}".format(0.25)
"{:+}".format(3)
"{:x} {:X} {:o} {:b} {:#x}".format(255, 255, 8, 5, 255)
"{:*^9}".format("mid")
"{:08.3f}".format(-3.14159)
"{:_}".format(1234567)
"{0[a]} {0[b]}".format(d)
"{{}}".format()
"{".format()
"{}".format()
"{a}".format(b=1)
3.0 * 2
7 // 2.0
1e16
123456789012345.0
1e15 + 0.5
5e-324
-0.0
1.0 == 1
0.1 * 3
'a' < 'B'
"é" > "z"
"😀" > "\uffff"
messages | length
messages | map(attribute="role") | join(", ")
messages | selectattr("role", "equalto", "user") | list | length
messages[2].tool_calls[0].function.arguments | tojson
messages[2].content is none
messages[2].content == none
messages | selectattr("content") | map(attribute="role") | list
messages[0]
"x".join(["a"])
""[0]
""[1:]
s.missing_method()
d.missing_method()
xs.0
xs.0 + 1
d | length > 2
d | length == 3 and t
s is string and s | length > 3
not s is string
s is not string
t is true and no is none
"a" ~ 1 + 2
1 ~ 2 * 3
"a" in s ~ "a"
'x' * -1
[] * 3
s * 0
true + true
true * 3
-true
'%s' % none
'%s' % true
'a%' % ()
xs | first | string ~ "!"
(xs | first).foo
xs|sort|first
(1 if false)
(1 if false) is defined
[1 if false, 2]
lipsum2
'\u0041\101\0'
"a\
b"
cycler("a", "b").next()
joiner("|")() ~ "x"
'a'.upper
"tEsT".capitalize() ~ "ǆ".title()
"ΑΣ".lower()
"ı".upper() ~ "İ".lower()
"ﬁ".upper() ~ "ß".title()
'x'.join({"a": 1, "b": 2})
xs | tojson | safe | length
{"a": missing} | tojson
[range(3)] | tojson
'abc'[-2:]
'abc'[:100]
'abc'[-100:2]
'abc'[5:1]
xs[10:]
xs[-10:]
xs[::-2]
xs[2:0:-1]
xs[::0]
u.find("b")
u.upper()
u.center(8, "☃")
u | truncate(3, true, "", 0)
u | reverse
u.split("😀")
u is string
'"' ~ "'"
["\"'"]
["\\"]
["é☃😀\ue000\u00ad"]
"\r\n\x0b"|tojson
[1, 2, 3] | last
"abc" | last
d | last
d | first
(d | items | list)[0][1]
d.items()[0]
ds | map(attribute="v") | sort | join
ds | map(attribute="k") | unique | list
ds | selectattr("v", "in", [1, 3]) | list
ds | map("attr", "k") | list
ds | sum(attribute="v", start=10)
[[1], [2]] | sum(start=[])
["a"] | sum
[3, "a"] | sort
[none, 1] | max
[1.5, 1] | sort
[true, false] | sort
[(2, 1), (1, 2)] | sort
"B a C" | list | sort | join
'a,b' | replace(",", none)
5 | replace("5", "6")
xs | string
xs | upper
"" | title
"a  b\tc" | title
"o'neil" | title
"O'NEIL" | capitalize
"o'neil".title()
'a' | indent(width=none)
'line' | indent(first=true)
"" | indent
3 | string ~ 3
"1" | int + 1
"9" * 3 | int
n | default(1) + 1
no | default("x") | length
0 | default(5)
0 | default(5, true)
d.x | default("none")
d.x.y | default("none")
missing.x | default("none")
'' | length
[[1, 2], [3, 4]] | map("first") | list
[[1, 2], [3, 4]] | map("join", "-") | list
[1, 2, 3] | map("nofilter") | list
[1, 2, 3] | select("notest") | list
xs | map | list
1 < 2 and 2 < 3 or false
1 != 2 != 1
true in [1]
1.0 in [1]
"1" in [1]
none in [none]
[] in [[]]
{} == {}
[] == ()
'a' == 'a'
1 <= 1 >= 1
("<a>" | safe) + "<b>"
"<a>" + ("<b>" | safe)
("<a>" | safe) + ("<b>" | safe) + "'\""
("<a>" | safe) ~ "<b>"
("<a>" | safe) + 1
(("<a>" | safe) + "<b>") | length
("<a>" | safe | upper) + "<b>"
("<a>" | safe).strip("<") + "<b>"
("<a>" | safe)[1:] + "<b>"
("<a>" | safe | replace("a", "c")) + "<b>"
("<a>" | safe | tojson) + "<b>"
[("<a>" | safe)]
["x", "<a>" | safe] | join("<") + "<b>"
("<a>" | safe) == "<a>"
"a" in ("<a>" | safe)
("<a>" | safe) is string
("<a>" | safe) is escaped
"<a>" | e | e
"<a>" | e | forceescape
("<a>" | safe) * 2 + "<"
("a<" | safe).split("<") | join("<")
{"k": "<" | safe} | tojson
(d | tojson | safe) + '"'
"Use '" | safe + s + "'\n" | safe + d | tojson
'abc' >= 'abd'
'''

STATEMENTS = [
    "{% for x in xs %}{{ x }},{% endfor %}",
    "{% for x in xs %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }};{% endfor %}",
    "{% for x in xs %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {{ loop.previtem is defined }}{% endfor %}",
    "{% for x in xs if x > 1 %}{{ loop.index }}:{{ x }}/{{ loop.length }} {{ loop.last }}{% endfor %}",
    "{% for x in [] %}a{% else %}none{% endfor %}",
    "{% for x in xs %}a{% else %}none{% endfor %}",
    "{% for x in xs if x > 9 %}a{% else %}none{% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k in d %}{{ k }}{% endfor %}",
    "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for a, b in [1] %}{% endfor %}",
    "{% for a, b in [(1, 2, 3)] %}{% endfor %}",
    "{% for x in no %}{% endfor %}",
    "{% for x in missing %}a{% else %}b{% endfor %}",
    "{% for x in s %}{{ x }}.{% endfor %}",
    "{% for x in u %}{{ x }}.{% endfor %}",
    "{% for x in 5 %}{% endfor %}",
    "{% for x in xs %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in xs %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in xs %}{% for y in ss %}{% if y == 'A' %}{% break %}{% endif %}{{ x }}{{ y }}{{ loop.index }} {% endfor %}{{ loop.index }}{% endfor %}",
    "{% break %}",
    "{% for x in xs %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for x in [1, 1, 2] %}{{ loop.changed(x) }}{% endfor %}",
    "{% for x in [1, [2, [3]]] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}@{{ loop.depth }}{% endif %}{% endfor %}",
    "{% set x = 1 %}{% for i in xs %}{% set x = i %}{{ x }}{% endfor %}{{ x }}",
    "{% for i in xs %}{% if y is defined %}seen{% endif %}{% set y = i %}{% endfor %}{{ y is defined }}",
    "{% set ns = namespace(found=false, n=0) %}{% for i in xs %}{% if i == 1 %}{% set ns.found = true %}{% endif %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.found }}{{ ns.n }}",
    "{% set d.a = 1 %}",
    "{% set q.a = 1 %}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}",
    "{% set a, b = xs %}{{ a }}",
    "{% set a = 1, 2 %}{{ a }}",
    "{% set x %}hello {{ n }}{% endset %}[{{ x }}]",
    "{% set x | upper | replace('L', '1') %}hello{% endset %}{{ x }}",
    "{% set x %}{% set inner = 1 %}{{ inner }}{% endset %}{{ x }}{{ inner is defined }}",
    "{% if t %}{% set z = 1 %}{% else %}{% set z = 2 %}{% endif %}{{ z }}",
    "{% if no %}a{% elif e %}b{% elif n %}c{% else %}d{% endif %}",
    "{% if missing %}a{% endif %}b",
    "{% if a is defined and a %}x{% else %}y{% endif %}",
    "{% macro m(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }}{{ m(1, c=5) }}{{ m(b=3, a=4) }}",
    "{% macro m(a) %}{{ a is defined }}{{ a }}{% endmacro %}{{ m() }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(z=2) }}",
    "{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, z=4) }}",
    "{% macro m(x) %}{{ x }}{{ n }}{{ out }}{% endmacro %}{% set out = 'o' %}{{ m(0) }}",
    "{% macro fact(i) %}{{ 1 if i < 2 else i * (fact(i - 1) | int) }}{% endmacro %}{{ fact(5) }}",
    "{% macro m() %}{{ caller() }}!{% endmacro %}{% call m() %}body{{ n }}{% endcall %}",
    "{% macro m() %}{% for x in xs %}{{ caller(x) }}{% endfor %}{% endmacro %}{% call(i) m() %}<{{ i }}>{% endcall %}",
    "{% macro m() %}{{ 1 }}{% endmacro %}{% call m() %}x{% endcall %}",
    "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}",
    "{% macro m(a, b) %}{% endmacro %}{{ m.name }}{{ m.arguments }}{{ m.catch_kwargs }}{{ m }}",
    "{% for i in xs %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}",
    "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}B{% endmacro %}{{ a() }}",
    "{% macro m(x) %}{% set y = x %}{{ y }}{% endmacro %}{{ m(1) }}{{ y is defined }}",
    "{% filter upper %}abc {{ s }}{% endfilter %}",
    "{% filter replace('a', 'b') | upper %}banana{% endfilter %}",
    "{% with %}{% set a = 1 %}{{ a }}{% endwith %}{{ a is defined }}",
    "{% with a = 1, b = n %}{{ a }}{{ b }}{% endwith %}",
    "{% with n = 1, m = n %}{{ n }}{{ m }}{% endwith %}{{ n }}",
    "{% generation %}x{{ n }}{% endgeneration %}",
    "{% raw %}{{ n }} {% if %}{% endraw %}|",
    "a {#- comment -#} b",
    "a {# {{ n }} #} b",
    "  {# c #}\nb",
    "a\n  {% if t %}\n  b\n  {% endif %}\nc\n",
    "a\n  {%- if t -%}\n  b\n  {%- endif -%}\nc\n",
    "a\n  {%+ if t %}\n  b\n  {%+ endif +%}\nc\n\n",
    "a  {{- n -}}  b",
    "a  {{ n }}  b",
    "a {{+ n }}",
    "x {% if t %} y {% endif %} z",
    "\n\n{% if t %}\n\n\nx\n{% endif %}\n\n",
    "{{ n }}\n",
    "{{ n }}\n\n",
    "a\r\nb\r\n",
    "line1\n\t{% set z = 1 %}\nline2 {{ z }}\n   {{ n }}\n",
    "{% for x in xs -%}\n   {{ x }}\n{%- endfor %}",
    "{%- for x in xs %}\n{{- x }}\n{%- endfor -%}\n end",
    "{% print n %}",
    "{% block b %}{{ n }}{% endblock %}",
    "{{ '{{' }} {{ '%}' }}",
    "{{ {'a': {'b': 1}}.a.b }}",
    "{{ {'a': {'b': {}}} }}",
    "{% if n == 7: %}x{% endif %}",
    "{{ n",
    "{% if t %}",
    "{% endif %}",
    "{% unknown %}",
    "{% for %}{% endfor %}",
    "{{ }}",
    "{{ 1 2 }}",
    "{{ ) }}",
    "{# open",
    "{{ 'open }}",
    "{% set true = 1 %}",
    "{% set 1 = 2 %}",
    "{{ a! }}",
    "{% include 'x' %}",
    "{% macro m(a, a) %}{% endmacro %}",
    "{% macro m(a=1, b) %}{% endmacro %}",
    "{{ m(a=1, 2) }}",
    "{{ x is defined is true }}",
    "{% if x is defined if y %}{% endif %}",
    "{% for m in messages %}{{ m.role }}: {{ m['content'] if m['content'] is string else 'none' }}\n{% endfor %}",
    "{% for m in messages %}{% if loop.first and m.role == 'system' %}S{% endif %}{% if m.tool_calls %}{% for c in m.tool_calls %}{{ c.function.name }}({{ c.function.arguments | tojson }}){% endfor %}{% endif %}{% endfor %}",
    "{% set ns = namespace(i=0) %}{% for m in messages[::-1] %}{% set ns.i = ns.i + 1 %}{{ ns.i }}{{ m.role[0] }}{% endfor %}",
    "{% for m in messages %}{{ '<|' ~ m.role ~ '|>' }}{% if not loop.last %}\n{% endif %}{% endfor %}",
    "{% set loop_messages = messages[1:] %}{{ loop_messages | length }}{% if (messages[0]['role'] == 'system') != (n % 2 == 0) %}x{% endif %}",
    "{{ messages | map(attribute='content') | select | join('|') }}",
    "{% if 'role' in messages[0] and messages[0].role not in ['user', 'tool'] %}ok{% endif %}",
    "{% set items = [] %}{% for x in xs %}{% set items = items + [x] %}{% endfor %}{{ items }}",
    "{% set _ = xs.append(1) %}",
    "{% for x in range(3) %}{% for y in range(2) %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}",
    "{% for x in xs | sort %}{{ x }}{% endfor %}",
    "{% for x in xs | map('string') %}{{ loop.length }}{{ loop.last }}{{ x }}{% endfor %}",
    "{% for group in ds | groupby('k') %}{{ group.grouper }}{{ group.list | length }}{% endfor %}",
    "{% for k, g in ds | groupby('k') %}{{ k }}{{ g | length }}{% endfor %}",
    "{% set j = joiner(', ') %}{% for x in xs %}{{ j() }}{{ x }}{% endfor %}",
    "{% set c = cycler('a', 'b') %}{% for x in xs %}{{ c.next() }}{{ c.current }}{% endfor %}",
    "{% set f = s.upper %}{{ f() }}",
    "{% set x = missing %}{{ x is defined }}",
    "{% for x in [missing, 1] %}{{ x is defined }}{% endfor %}",
    "{{ dict(**d) }}{{ dict(*[[('x', 1)]]) }}",
    "{% macro m(a, b, c) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(*xs) }}{{ m(**{'a': 1, 'b': 2}) }}{{ m(1, *[2], c=3) }}",
    "{% set a = 1 %}{% macro m() %}{{ a }}{% set a = 2 %}{{ a }}{% endmacro %}{{ m() }}{{ a }}",
    "{% for x in xs %}{% set n = n + x %}{{ n }} {% endfor %}{{ n }}",
    "{% if true %}{% for x in [1] %}{% endfor %}{% endif %}{{ x is defined }}{{ loop is defined }}",
    "{% for item in [1, 2, 3] %}{% if loop.nextitem is defined and loop.nextitem > 2 %}{{ item }}{% endif %}{% endfor %}",
    "{{ loop }}{% for x in xs %}{{ loop }}{% endfor %}",
    "{% for x in xs %}{% set outer = loop %}{% for y in [1, 2] %}{{ outer.index }}.{{ loop.index }} {% endfor %}{% endfor %}",
    "{% set x = 'a' if t else 'b' %}{{ x }}{% set y = ('a', 'b')[n % 2] %}{{ y }}",
    "{{ 'abc' | upper | lower | replace('a', 'x') | length }}",
    "{%- set ns = namespace() %}{% set ns.a = [] %}{% set ns.a = ns.a + [1] %}{{ ns.a }}",
    "{% set ns = namespace(x=1) %}{% macro m() %}{% set ns.x = ns.x + 1 %}{% endmacro %}{{ m() }}{{ m() }}{{ ns.x }}",
    "{{ raise_exception('no ' ~ messages[0].role) }}",
    "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}",
    "{% if not (strftime_now is defined) %}x{% else %}{{ strftime_now('%d %b %Y') }}{% endif %}",
    "{% autoescape false %}{{ '<' }}{% endautoescape %}",
    "{% set x = [1, 2] %}{% set y = x %}{{ x == y }}{{ x is sameas y }}",
    "{% for x in xs %}{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{%if t%}a{%else%}b{%endif%}{{n}}{{-n-}}",
    "{% for a in xs %}{% for b in xs if b != a %}{{ a }}{{ b }} {% endfor %}{% endfor %}",
    "{% macro outer() %}{% macro inner(x) %}[{{ x }}]{% endmacro %}{{ inner(1) }}{% endmacro %}{{ outer() }}",
    "{% set x = {'role': 'user'} %}{{ x.role }}{{ x['role'] }}{{ x.get('role') }}{{ x.keys() | list }}",
    "{% set d = dict(d, z=9) %}{{ d }}",
    "{{- '' -}}   x   {{- '' -}}",
    "{% set content = '<think>a</think>b' %}{% if '</think>' in content %}{{ content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') }}|{{ content.split('</think>')[-1].lstrip('\\n') }}{% endif %}",
]


def main():
    cases = [case("{{ " + line + " }}", C) for line in EXPRESSIONS.strip("\n").replace("\\\n", "\\\x01").split("\n") if "\x01" not in line]
    cases += [case(template, C) for template in STATEMENTS]
    out = [{k: v for k, v in c.items() if k != "context"} for c in cases]
    # the memory address of a generator or a function is not something to compare
    out = [c for c in out if "0x7" not in c.get("rendered", "") and "<function" not in c.get("rendered", "")]
    print(json.dumps({"provenance": "Jinja2 3.1.6, Python 3.11; see make_cases.py", "context": C, "cases": out}, indent=0, ensure_ascii=True))


main()
