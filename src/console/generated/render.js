// Written by `make console`.
// node_modules/preact/dist/preact.mjs
var n;
var t;
var r;
var u;
var i;
var f;
var o;
var e;
var l;
var c;
var a;
var s;
var h = /* @__PURE__ */ Symbol.for("pv");
var p = {};
var y = [];
var v = /^m(i|n|o|s|text|space)$/;
var w = Array.isArray;
var d = y.slice;
var _ = Object.assign;
function g(n2) {
  n2 && n2.parentNode && n2.remove();
}
function k(n2, t2, r2) {
  var u3, i3, f4, o4 = {}, e2 = arguments.length;
  for (f4 in t2) "key" == f4 ? u3 = t2[f4] : "ref" == f4 && "function" != typeof n2 ? i3 = t2[f4] : o4[f4] = t2[f4];
  return e2 > 2 && (o4.children = e2 > 3 ? d.call(arguments, 2) : r2), m(n2, o4, u3, i3, null);
}
function m(r2, u3, i3, f4, o4) {
  var e2 = { type: r2, props: u3, key: i3, ref: f4, __k: null, __: null, __b: 0, __e: null, __c: null, constructor: h, __v: o4 || ++t, __i: -1, __u: 0 };
  return !o4 && n.vnode && n.vnode(e2), e2;
}
function $(n2) {
  return n2.children;
}
function x(n2, t2) {
  this.props = n2, this.context = t2, this.__g = 0;
}
function S(n2, t2) {
  if (null == t2) return n2.__ && S(n2.__, n2.__i + 1);
  for (var r2; t2 < n2.__k.length; t2++) if ((r2 = n2.__k[t2]) && r2.__e) return r2.__e;
  return "function" != typeof n2.type || n2.props.__P ? null : S(n2);
}
function C(t2) {
  var r2, u3 = t2.__v, i3 = u3.__e, f4 = [], o4 = [], e2 = t2.__P;
  e2 && ((r2 = _({ constructor: h }, u3)).__v = u3.__v + 1, n.vnode && n.vnode(r2), z(e2, r2, u3, t2.__n, e2.namespaceURI, 32 & u3.__u ? [i3] : null, f4, i3 || S(u3), 32 & u3.__u, o4), r2.__v = u3.__v, r2.__.__k[r2.__i] = r2, E(f4, r2, o4), u3.__ = u3.__e = null, r2.__e != i3 && j(r2));
}
function j(n2) {
  if ((n2 = n2.__) && n2.__c && !n2.props.__P) return n2.__e = null, n2.__k.some(function(t2) {
    return t2 && (n2.__e = t2.__e);
  }), j(n2);
}
function L(t2) {
  (8 & t2.__g || (t2.__g |= 8, u.push(t2), f++)) && i == n.debounceRendering || ((i = n.debounceRendering) || queueMicrotask)(H);
}
function H() {
  try {
    for (var n2, t2 = 1; u.length; ) u.length > t2 && u.sort(o), n2 = u.shift(), t2 = u.length, 8 & n2.__g && C(n2);
  } finally {
    (f = u.length) && (i || queueMicrotask)(H);
  }
}
function I(n2, t2, r2, u3, i3, f4, o4, e2, l3, c3, a4) {
  var s3, h3, v3, w3, d3, _3, g3 = u3.__k || y, k3 = t2.length;
  for (l3 = q(r2, t2, g3, l3, k3), s3 = 0; s3 < k3; s3++) null != (v3 = r2.__k[s3]) && (h3 = ~v3.__i && g3[v3.__i] || p, v3.__i = s3, _3 = z(n2, v3, h3, i3, f4, o4, e2, l3, c3, a4), w3 = v3.__e, (h3.ref != v3.ref || 8 & h3.__u) && (h3.ref && G(h3.ref, null, v3, h3), v3.ref && a4.push(v3.ref, v3.__c || w3, v3)), d3 = d3 || w3, 4 & v3.__u ? (l3 = A(v3, l3, n2, !h3.__v), h3.__e && (h3.__e = null)) : "function" == typeof v3.type && void 0 !== _3 ? l3 = _3 : w3 && (l3 = w3.nextSibling), v3.__u &= -21);
  return r2.__e = d3, l3;
}
function q(n2, t2, r2, u3, i3) {
  var f4, o4, e2, l3, c3, a4, s3, p3, y3, v3 = r2.length, d3 = v3, _3 = 0, g3 = 0, k3 = n2.__k = Array(i3);
  for (f4 = 0; f4 < i3; f4++) null != (o4 = t2[f4]) && "boolean" != typeof o4 && "function" != typeof o4 ? ("object" != typeof o4 || o4.constructor === String ? o4 = k3[f4] = m(null, o4) : w(o4) ? o4 = k3[f4] = m($, { children: o4 }) : o4.constructor === h && o4.__b ? o4 = k3[f4] = m(o4.type, o4.props, o4.key, o4.ref, o4.__v) : k3[f4] = o4, l3 = f4 + _3, o4.__ = n2, o4.__b = n2.__b + 1, e2 = null, ~(c3 = o4.__i = P(o4, r2, l3, d3)) && (d3--, (e2 = r2[c3]) && (e2.__u |= 2)), e2 && e2.__v ? (o4.__u |= 16, c3 == l3 - 1 ? _3-- : c3 == l3 + 1 ? _3++ : c3 != l3 && (c3 > l3 ? _3-- : _3++, g3 = 1)) : (~c3 || (i3 > v3 ? _3-- : i3 < v3 && _3++), "function" != typeof o4.type && (o4.__u |= 4))) : k3[f4] = null;
  if (g3) {
    for (a4 = [], s3 = [], f4 = 0; f4 < i3; f4++) if ((o4 = k3[f4]) && 16 & o4.__u) {
      for (_3 = 0, p3 = a4.length; _3 < p3; ) a4[y3 = _3 + p3 >> 1] < o4.__i ? _3 = y3 + 1 : p3 = y3;
      a4[_3] = o4.__i, s3[f4] = _3 + 1;
    }
    for (_3 = a4.length; f4--; ) s3[f4] && (s3[f4] == _3 ? _3-- : k3[f4].__u |= 4);
  }
  if (d3) for (f4 = 0; f4 < v3; f4++) !(e2 = r2[f4]) || 2 & e2.__u || (e2.__e == u3 && (u3 = S(e2)), J(e2, e2));
  return u3;
}
function A(n2, t2, r2, u3) {
  var i3, f4, o4, e2;
  if ("function" == typeof n2.type) {
    if (n2.props.__P) return t2;
    if (i3 = n2.__k) for (f4 = 0; f4 < i3.length; f4++) i3[f4] && (i3[f4].__ = n2, t2 = A(i3[f4], t2, r2, false));
    return t2;
  }
  for (t2 && !t2.parentNode && (t2 = S(n2)) && !t2.parentNode && (t2 = null), o4 = n2.__e, e2 = t2; e2 && 8 == e2.nodeType; ) e2 = e2.nextSibling;
  for (o4 != e2 && (!u3 && r2.moveBefore && o4.parentNode ? r2.moveBefore(o4, t2) : r2.insertBefore(o4, t2 || null)), t2 = o4; (t2 = t2 && t2.nextSibling) && 8 == t2.nodeType && !t2.data.startsWith("$s"); ) ;
  return t2;
}
function P(n2, t2, r2, u3) {
  var i3, f4 = n2.key, o4 = n2.type, e2 = t2[r2], l3 = e2 && !(2 & e2.__u);
  if (null === e2 && null == f4 || l3 && f4 == e2.key && o4 == e2.type) return r2;
  if (u3 > (l3 ? 1 : 0)) {
    for (i3 = r2 - 1; i3 >= 0; i3--) if ((e2 = t2[i3]) && !(2 & e2.__u) && f4 == e2.key && o4 == e2.type) return i3;
    for (i3 = r2 + 1; i3 < t2.length; i3++) if ((e2 = t2[i3]) && !(2 & e2.__u) && f4 == e2.key && o4 == e2.type) return i3;
  }
  return -1;
}
function T(n2, t2, r2) {
  null == r2 && (r2 = ""), "-" == t2[0] ? n2.setProperty(t2, r2) : n2[t2] = r2;
}
function N(n2, t2, r2, u3, i3) {
  var f4, o4;
  if ("style" == t2) if ("string" == typeof r2) n2.style.cssText = r2;
  else {
    if ("string" == typeof u3 && (n2.style.cssText = u3 = ""), u3) for (t2 in u3) r2 && t2 in r2 || T(n2.style, t2);
    if (r2) for (t2 in r2) u3 && r2[t2] == u3[t2] || T(n2.style, t2, r2[t2]);
  }
  else if ("o" == t2[0] && "n" == t2[1]) "function" != typeof r2 && (r2 = null), "function" != typeof u3 && (u3 = null), (n2.__e || (n2.__e = {}))[t2] = r2, r2 && u3 || (o4 = a[t2] || (a[t2] = V(t2)), (n2.__a || (n2.__a = {}))[t2] = c, f4 = t2 != (t2 = t2.replace(l, "$1")), (t2 = t2.slice(2))[0] < "a" && (t2 = t2.toLowerCase()), r2 ? n2.addEventListener(t2, o4, f4) : n2.removeEventListener(t2, o4, f4));
  else {
    if ("http://www.w3.org/2000/svg" == i3) t2 = t2.replace(/xlink(H|:h)/, "h").replace(/sName$/, "s");
    else if ("width" != t2 && "height" != t2 && "href" != t2 && "list" != t2 && "form" != t2 && "tabIndex" != t2 && "download" != t2 && "rowSpan" != t2 && "colSpan" != t2 && "role" != t2 && "popover" != t2 && t2 in n2) try {
      return void (n2[t2] = null == r2 ? "" : r2);
    } catch (n3) {
    }
    if ("function" == typeof r2) return;
    null == r2 || false === r2 && "-" != t2[4] ? n2.removeAttribute(t2) : n2.setAttribute(t2, "popover" == t2 && 1 == r2 ? "" : r2);
  }
}
function V(t2) {
  return function(r2) {
    var u3 = this.__e;
    if (u3) {
      if (u3 = u3[t2], null == r2[e]) r2[e] = c++;
      else if (r2[e] < this.__a[t2]) return;
      return u3(n.event ? n.event(r2) : r2);
    }
  };
}
function z(t2, r2, u3, i3, f4, o4, e2, l3, c3, a4) {
  var s3, p3, v3, d3, k3, b2, m3, M2, C2, j3, L2, H3, q3, A2, O, P3, T3, N3, V3 = r2.type;
  if (r2.constructor !== h) return null;
  128 & u3.__u && (c3 = 32 & u3.__u, s3 = u3.__c.__z) && (r2.__u |= c3, p3 = o4 = [], 8 == s3.nodeType ? l3 = B(s3, o4) : o4.push(s3), l3 = o4[0] || l3), (s3 = n.__b) && s3(r2);
  n: if ("function" == typeof V3) {
    v3 = e2.length;
    try {
      if (M2 = r2.props, C2 = (s3 = V3.prototype) && s3.render, j3 = (s3 = V3.contextType) && i3[s3.__c], L2 = s3 ? j3 ? j3.props.value : s3.__ : i3, (d3 = u3.__c) ? (r2.__c = d3, 2 & d3.__g && (d3.__g |= 1)) : (C2 ? r2.__c = d3 = new V3(M2, L2) : (r2.__c = d3 = new x(M2, L2), d3.constructor = V3, d3.render = K), j3 && j3.sub(d3), d3.state || (d3.state = {}), d3.__n = i3, d3.__g |= 8, d3.__h = [], d3.__k = []), C2 && (d3.__s || (d3.__s = d3.state), V3.getDerivedStateFromProps && (d3.__s == d3.state && (d3.__s = _({}, d3.__s)), _(d3.__s, V3.getDerivedStateFromProps(M2, d3.__s)))), k3 = d3.props, b2 = d3.state, d3.__v = r2, u3.__c) {
        if (M2 !== k3 && C2 && !V3.getDerivedStateFromProps && d3.componentWillReceiveProps && d3.componentWillReceiveProps(M2, L2), r2.__v == u3.__v && !(8 & d3.__g) || !(4 & d3.__g) && d3.shouldComponentUpdate && false === d3.shouldComponentUpdate(M2, d3.__s, L2)) {
          r2.__v != u3.__v && (d3.props = M2, d3.state = d3.__s, d3.__g &= -9), r2.__e = u3.__e, r2.__k = u3.__k, r2.__k.some(function(n2) {
            n2 && (n2.__ = r2);
          }), y.push.apply(d3.__h, d3.__k), d3.__k = [], d3.__h.length && e2.push(d3), l3 = S(u3);
          break n;
        }
        d3.componentWillUpdate && d3.componentWillUpdate(M2, d3.__s, L2), C2 && d3.componentDidUpdate && d3.__h.push(function() {
          d3.componentDidUpdate(k3, b2, m3);
        });
      } else C2 && !V3.getDerivedStateFromProps && d3.componentWillMount && d3.componentWillMount(), C2 && d3.componentDidMount && d3.__h.push(d3.componentDidMount);
      d3.context = L2, d3.props = M2, d3.__P = t2, d3.__g &= -5, H3 = n.__r, q3 = C2 ? 25 : 0;
      do {
        d3.__g &= -9, H3 && H3(r2), s3 = d3.render(d3.props, d3.state = d3.__s, d3.context);
      } while (8 & d3.__g && ++q3 < 25);
      C2 && (y.push.apply(d3.__h, d3.__k), d3.__k = []), d3.state = d3.__s, d3.getChildContext && (i3 = _({}, i3, d3.getChildContext())), C2 && u3.__c && d3.getSnapshotBeforeUpdate && (m3 = d3.getSnapshotBeforeUpdate(k3, b2)), A2 = s3 && s3.type === $ && null == s3.key ? s3.props.children : s3, M2.__P && (s3 = l3, f4 = (t2 = M2.__P).namespaceURI, c3 = o4 = null, u3.props && u3.props.__P != t2 && (u3.__k.some(function(n2) {
        n2 && J(n2, n2);
      }), u3.__k = null), l3 = u3.__k ? S(u3, 0) : null), l3 = I(t2, w(A2) ? A2 : [A2], r2, u3, i3, f4, o4, e2, l3, c3, a4), M2.__P && (r2.__e = null, l3 = s3), r2.__u &= -161, p3 && p3.some(g), d3.__h.length && e2.push(d3), 1 & d3.__g && (d3.__g &= -4);
    } catch (t3) {
      if (e2.length = v3, r2.__v = null, c3 || o4) if (t3 && t3.then) {
        if (r2.__u |= 128 | c3, o4) {
          for (~(T3 = o4.indexOf(l3 || void 0)) || (T3 = o4.length); (N3 = o4[T3 - 1]) && 8 == N3.nodeType; ) T3--;
          for (; T3 < o4.length; T3++) if (N3 = o4[T3]) if (o4[T3] = null, O) {
            if (N3 == P3) break;
          } else {
            if (8 != N3.nodeType) break;
            N3.data.startsWith("$s") && (P3 = B(O = N3));
          }
        }
        if (!O) {
          for (; l3 && 8 == l3.nodeType && l3.nextSibling; ) l3 = l3.nextSibling;
          O = l3;
        }
        (s3 = B(O = r2.__c.__z || (r2.__c.__z = O))) ? (r2.__e = O, l3 = s3) : r2.__e = l3, l3 = l3 && l3.nextSibling;
      } else o4 && o4.some(g);
      else r2.__e = u3.__e;
      r2.__k || (r2.__k = u3.__k || []), t3 && t3.then || D(r2), n.__e(t3, r2, u3);
    }
  } else l3 = r2.__e = F(u3.__e, r2, u3, i3, f4, o4, e2, c3, a4, t2);
  return (s3 = n.diffed) && s3(r2), l3;
}
function B(n2, t2) {
  if (n2 && 8 == n2.nodeType && n2.data.startsWith("$s")) for (var r2 = 1; n2 = n2.nextSibling; ) {
    if (8 == n2.nodeType) {
      if (n2.data.startsWith("$s")) r2++;
      else if (n2.data.startsWith("/$s") && !--r2) return n2;
    }
    t2 && t2.push(n2);
  }
}
function D(n2) {
  n2 && (n2.__c && (n2.__c.__g |= 4), n2.__k && n2.__k.some(D));
}
function E(t2, r2, u3) {
  for (var i3 = 0; i3 < u3.length; ) G(u3[i3++], u3[i3++], u3[i3++]);
  n.__c && n.__c(r2, t2), t2.some(function(r3) {
    try {
      t2 = r3.__h, r3.__h = [], t2.some(function(n2) {
        n2.call(r3);
      });
    } catch (t3) {
      n.__e(t3, r3.__v);
    }
  });
}
function F(t2, r2, u3, i3, f4, o4, e2, l3, c3, a4) {
  var s3, h3, y3, _3, k3, b2, m3, M2, $3 = u3.props || p, x3 = r2.props, C2 = r2.type;
  if ("svg" == C2 ? f4 = "http://www.w3.org/2000/svg" : "math" == C2 ? f4 = "http://www.w3.org/1998/Math/MathML" : f4 || (f4 = "http://www.w3.org/1999/xhtml"), o4) {
    for (s3 = 0; s3 < o4.length; s3++) if ((k3 = o4[s3]) && (C2 ? k3.localName == C2 : 3 == k3.nodeType)) {
      t2 = k3, o4[s3] = null;
      break;
    }
  }
  if (!t2) {
    if (M2 = a4.ownerDocument || document, !C2) return M2.createTextNode(x3);
    t2 = M2.createElementNS(f4, C2, x3.is ? x3 : a4), l3 && (n.__m && n.__m(r2, o4), l3 = false), o4 = null;
  }
  if (C2) {
    if (a4 = "template" == C2 && t2.content || t2, o4 = "textarea" == C2 && null != x3.defaultValue ? null : o4 && d.call(a4.childNodes), !l3 && o4) for ($3 = {}, s3 = 0; s3 < t2.attributes.length; s3++) $3[(k3 = t2.attributes[s3]).name] = k3.value;
    for (s3 in $3) k3 = $3[s3], "dangerouslySetInnerHTML" == s3 ? y3 = k3 : "children" == s3 || s3 in x3 || "value" == s3 && "defaultValue" in x3 || "checked" == s3 && "defaultChecked" in x3 || N(t2, s3, null, k3, f4);
    for (s3 in x3) k3 = x3[s3], "children" == s3 ? _3 = k3 : "dangerouslySetInnerHTML" == s3 ? h3 = k3 : "value" == s3 ? b2 = k3 : "checked" == s3 ? m3 = k3 : l3 && "function" != typeof k3 || $3[s3] === k3 || N(t2, s3, k3, $3[s3], f4);
    h3 ? (l3 || y3 && (h3.__html == y3.__html || h3.__html == t2.innerHTML) || (t2.innerHTML = h3.__html), r2.__k = []) : (y3 && (t2.textContent = ""), ("foreignObject" == C2 || "http://www.w3.org/1998/Math/MathML" == f4 && v.test(C2)) && (f4 = "http://www.w3.org/1999/xhtml"), I(a4, w(_3) ? _3 : [_3], r2, u3, i3, f4, o4, e2, o4 ? o4[0] : u3.__k && S(u3, 0), l3, c3), o4 && o4.some(g)), l3 && "textarea" != C2 || (s3 = "value", "progress" == C2 && null == b2 ? t2.removeAttribute(s3) : null == b2 || b2 === t2[s3] && ("progress" != C2 || b2) || N(t2, s3, b2, $3[s3], f4), s3 = "checked", null != m3 && m3 != t2[s3] && N(t2, s3, m3, $3[s3], f4));
  } else $3 === x3 || l3 && t2.data == x3 || (t2.data = x3);
  return t2;
}
function G(t2, r2, u3, i3) {
  try {
    "function" == typeof t2 ? r2 ? r2.__x = t2(r2) || 1 : i3 && (i3 = i3.__c || i3.__e) && (r2 = i3.__x) && (i3.__x = null, "function" == typeof r2 ? r2() : t2(null)) : t2.current = r2;
  } catch (t3) {
    n.__e(t3, u3);
  }
}
function J(t2, r2, u3) {
  var i3, f4, o4, e2;
  if (n.unmount && n.unmount(t2), !(i3 = t2.ref) || i3.current && i3.current != t2.__e || G(i3, null, r2, t2), i3 = t2.__c) {
    if (i3.componentWillUnmount) try {
      i3.componentWillUnmount();
    } catch (t3) {
      n.__e(t3, r2);
    }
    i3.__P = i3.__n = null;
  }
  if (i3 = t2.__k) for (e2 = 0; e2 < i3.length; e2++) i3[e2] && J(i3[e2], r2, "function" != typeof t2.type || u3 && !t2.props.__P);
  !u3 && (i3 = t2.__c) && (i3 = i3.__z) && (f4 = B(i3, o4 = [])) && (i3 == t2.__e && o4.some(g), g(f4), g(i3)), u3 || g(t2.__e), t2.__e = t2.__c = t2.__ = null;
}
function K(n2, t2, r2) {
  return this.constructor(n2, r2);
}
n = { __e: function(n2, t2, r2, u3) {
  for (var i3, o4, e2; t2 = t2.__; ) if ((i3 = t2.__c) && !(1 & i3.__g)) {
    i3.__g |= 4;
    try {
      if ((e2 = (o4 = i3.constructor) && o4.getDerivedStateFromError) && i3.setState(o4.getDerivedStateFromError(n2)), i3.componentDidCatch && (i3.componentDidCatch(n2, u3 || {}), e2 = 1), e2 && 8 & i3.__g) return void (i3.__g |= 2);
    } catch (t3) {
      n2 = t3;
    }
  }
  throw f = 0, n2;
} }, t = 0, r = function(n2) {
  return null != n2 && n2.constructor === h;
}, x.prototype.setState = function(n2, t2) {
  var r2 = this.__s;
  r2 && r2 != this.state || (r2 = this.__s = _({}, this.state)), "function" == typeof n2 && (n2 = n2(_({}, r2), this.props)), n2 && (_(r2, n2), this.__v && (t2 && this.__k.push(t2), L(this)));
}, x.prototype.forceUpdate = function(n2) {
  this.__v && (this.__g |= 4, n2 && this.__h.push(n2), L(this));
}, x.prototype.render = $, u = [], f = 0, o = function(n2, t2) {
  return n2.__v.__b - t2.__v.__b;
}, e = /* @__PURE__ */ Symbol(), l = /(PointerCapture)$|Capture$/i, c = 0, a = {}, s = 0;

// node_modules/preact-render-to-string/dist/index.mjs
var o2 = "__s";
var i2 = "__c";
var a2 = "__k";
var u2 = "__d";
var c2 = "__s";
var f2 = /[\s\n\\/='"\0<>]/;
var s2 = /^(xlink|xmlns|xml)([A-Z])/;
var l2 = /^(?:accessK|auto[A-Z]|cell|ch|col|cont|cross|dateT|encT|form[A-Z]|frame|hrefL|inputM|maxL|minL|noV|playsI|popoverT|readO|rowS|src[A-Z]|tabI|useM|item[A-Z])/;
var p2 = /^ac|^ali|arabic|basel|cap|clipPath$|clipRule$|color|dominant|enable|fill|flood|font|glyph[^R]|horiz|image|letter|lighting|marker[^WUH]|overline|panose|pointe|paint|rendering|shape|stop|strikethrough|stroke|text[^L]|transform|underline|unicode|units|^v[^i]|^w|^xH/;
var h2 = /* @__PURE__ */ new Set(["draggable", "spellcheck"]);
function d2(e2) {
  void 0 !== e2.__g ? e2.__g |= 8 : e2[u2] = true;
}
function v2(e2) {
  void 0 !== e2.__g ? e2.__g &= -9 : e2[u2] = false;
}
function m2(e2) {
  return void 0 !== e2.__g ? !!(8 & e2.__g) : true === e2[u2];
}
var y2 = /["&<]/;
function _2(e2) {
  if (0 === e2.length || false === y2.test(e2)) return e2;
  for (var t2 = 0, n2 = 0, r2 = "", o4 = ""; n2 < e2.length; n2++) {
    switch (e2.charCodeAt(n2)) {
      case 34:
        o4 = "&quot;";
        break;
      case 38:
        o4 = "&amp;";
        break;
      case 60:
        o4 = "&lt;";
        break;
      default:
        continue;
    }
    n2 !== t2 && (r2 += e2.slice(t2, n2)), r2 += o4, t2 = n2 + 1;
  }
  return n2 !== t2 && (r2 += e2.slice(t2, n2)), r2;
}
var g2 = {};
var k2 = /* @__PURE__ */ new Set(["animation-iteration-count", "border-image-outset", "border-image-slice", "border-image-width", "box-flex", "box-flex-group", "box-ordinal-group", "column-count", "fill-opacity", "flex", "flex-grow", "flex-negative", "flex-order", "flex-positive", "flex-shrink", "flood-opacity", "font-weight", "grid-column", "grid-row", "line-clamp", "line-height", "opacity", "order", "orphans", "stop-opacity", "stroke-dasharray", "stroke-dashoffset", "stroke-miterlimit", "stroke-opacity", "stroke-width", "tab-size", "widows", "z-index", "zoom"]);
var b = /[A-Z]/g;
function x2(e2) {
  var t2 = "";
  for (var n2 in e2) {
    var r2 = e2[n2];
    if (null != r2 && "" !== r2) {
      var o4 = "-" == n2[0] ? n2 : g2[n2] || (g2[n2] = n2.replace(b, "-$&").toLowerCase()), i3 = ";";
      "number" != typeof r2 || o4.startsWith("--") || k2.has(o4) || (i3 = "px;"), t2 = t2 + o4 + ":" + r2 + i3;
    }
  }
  return t2 || void 0;
}
function w2() {
  this.__d = true;
}
function H2(e2, t2) {
  return { __v: e2, context: t2, props: e2.props, setState: w2, forceUpdate: w2, __d: true, __h: new Array(0) };
}
var T2 = {};
var j2 = [];
var P2 = Array.isArray;
var $2 = Object.assign;
var U = "";
var Z = "<!--$s-->";
var F2 = "<!--/$s-->";
function M(e2) {
  return "string" == typeof e2 ? Z + e2 + F2 : P2(e2) ? (e2.unshift(Z), e2.push(F2), e2) : e2 && "function" == typeof e2.then ? e2.then(M) : Z + e2 + F2;
}
function W() {
  return { beforeDiff: n.__b, afterDiff: n.diffed, renderHook: n.__r, unmountHook: n.unmount, rootHook: n.__, commitHook: n.__c, catchError: n.__e, errorBoundaries: n.errorBoundaries };
}
function B2(e2) {
  var t2 = n[o2];
  n[o2] = true;
  try {
    return e2();
  } finally {
    n[o2] = t2;
  }
}
function z2(n2, r2, o4) {
  var i3 = W();
  try {
    var u3 = B2(function() {
      var u4, c3 = k($, null);
      return c3[a2] = [n2], i3.rootHook && i3.rootHook(n2, ((u4 = {})[a2] = c3, u4.nodeType = 1, u4)), q2(n2, r2 || T2, false, void 0, c3, false, o4, i3);
    });
    return P2(u3) ? u3.join(U) : u3;
  } catch (e2) {
    if (e2.then) throw new Error('Use "renderToStringAsync" for suspenseful rendering.');
    throw e2;
  } finally {
    i3.commitHook && B2(function() {
      return i3.commitHook(n2, j2);
    }), j2.length = 0;
  }
}
function N2(e2, t2, n2) {
  var r2, o4 = e2.type, a4 = true;
  return e2[i2] ? (a4 = false, (r2 = e2[i2]).state = r2[c2]) : r2 = new o4(e2.props, t2), e2[i2] = r2, r2.__v = e2, r2.props = e2.props, r2.context = t2, d2(r2), null == r2.state && (r2.state = T2), null == r2[c2] && (r2[c2] = r2.state), o4.getDerivedStateFromProps ? r2.state = $2({}, r2.state, o4.getDerivedStateFromProps(r2.props, r2.state)) : a4 && r2.componentWillMount ? (r2.componentWillMount(), r2.state = r2[c2] !== r2.state ? r2[c2] : r2.state) : !a4 && r2.componentWillUpdate && r2.componentWillUpdate(), n2.renderHook && n2.renderHook(e2), r2.render(r2.props, r2.state, t2);
}
function q2(e2, n2, o4, u3, y3, g3, k3, b2) {
  if (null == e2 || true === e2 || false === e2 || e2 === U) return U;
  var w3 = typeof e2;
  if ("object" != w3) return "function" == w3 ? U : "string" == w3 ? _2(e2) : e2 + U;
  if (P2(e2)) {
    var C2, D2 = U;
    y3[a2] = e2;
    for (var A2 = e2.length, S2 = 0; S2 < A2; S2++) {
      var E2 = e2[S2];
      if (null != E2 && "boolean" != typeof E2) {
        var L2, j3 = q2(E2, n2, o4, u3, y3, g3, k3, b2);
        "string" == typeof j3 ? D2 += j3 : (C2 || (C2 = new Array(A2)), D2 && C2.push(D2), D2 = U, P2(j3) ? (L2 = C2).push.apply(L2, j3) : C2.push(j3));
      }
    }
    return C2 ? (D2 && C2.push(D2), C2) : D2;
  }
  if (!r(e2)) return U;
  e2.__ = y3, b2.beforeDiff && b2.beforeDiff(e2);
  var Z2 = e2.type, F3 = e2.props;
  if ("function" == typeof Z2) {
    var W2, z3, O, R = n2;
    if (Z2 === $) {
      if ("tpl" in F3) {
        for (var K2, G2 = U, J2 = 0; J2 < F3.tpl.length; J2++) if (G2 += F3.tpl[J2], F3.exprs && J2 < F3.exprs.length) {
          var Q = F3.exprs[J2];
          if (null == Q) continue;
          if ("object" == typeof Q && (r(Q) || P2(Q))) {
            var X, Y = q2(Q, n2, o4, u3, e2, g3, k3, b2);
            "string" == typeof Y ? G2 += Y : (K2 || (K2 = []), G2 && K2.push(G2), G2 = U, P2(Y) ? (X = K2).push.apply(X, Y) : K2.push(Y));
          } else G2 += Q;
        }
        return K2 ? (G2 && K2.push(G2), K2) : G2;
      }
      if ("UNSTABLE_comment" in F3) return "<!--" + _2(F3.UNSTABLE_comment) + "-->";
      z3 = F3.children;
    } else {
      if (null != (W2 = Z2.contextType)) {
        var ee = n2[W2.__c];
        R = ee ? ee.props.value : W2.__;
      }
      var te = Z2.prototype && "function" == typeof Z2.prototype.render;
      if (te) z3 = /**#__NOINLINE__**/
      N2(e2, R, b2), O = e2[i2];
      else {
        e2[i2] = O = /**#__NOINLINE__**/
        H2(e2, R);
        for (var ne = 0; m2(O) && ne++ < 25; ) {
          v2(O), b2.renderHook && b2.renderHook(e2);
          try {
            z3 = Z2.call(O, F3, R);
          } catch (t2) {
            throw g3 && t2 && "function" == typeof t2.then && (e2._suspended = true), t2;
          }
        }
        d2(O);
      }
      if (null != O.getChildContext && (n2 = $2({}, n2, O.getChildContext())), te && b2.errorBoundaries && (Z2.getDerivedStateFromError || O.componentDidCatch)) {
        z3 = null != z3 && z3.type === $ && null == z3.key && null == z3.props.tpl ? z3.props.children : z3;
        try {
          return q2(z3, n2, o4, u3, e2, g3, false, b2);
        } catch (r2) {
          return Z2.getDerivedStateFromError && (O[c2] = Z2.getDerivedStateFromError(r2)), O.componentDidCatch && O.componentDidCatch(r2, T2), m2(O) ? (z3 = N2(e2, n2, b2), null != (O = e2[i2]).getChildContext && (n2 = $2({}, n2, O.getChildContext())), q2(z3 = null != z3 && z3.type === $ && null == z3.key && null == z3.props.tpl ? z3.props.children : z3, n2, o4, u3, e2, g3, k3, b2)) : U;
        } finally {
          b2.afterDiff && b2.afterDiff(e2), b2.unmountHook && b2.unmountHook(e2);
        }
      }
    }
    z3 = null != z3 && z3.type === $ && null == z3.key && null == z3.props.tpl ? z3.props.children : z3;
    try {
      var re = q2(z3, n2, o4, u3, e2, g3, k3, b2);
      return b2.afterDiff && b2.afterDiff(e2), b2.unmountHook && b2.unmountHook(e2), e2._suspended ? M(re) : re;
    } catch (t2) {
      if (!g3 && k3 && k3.onError) {
        var oe = (function t3(r2) {
          return k3.onError(r2, e2, function(e3, r3) {
            try {
              return B2(function() {
                return q2(e3, n2, o4, u3, r3, g3, k3, b2);
              });
            } catch (e4) {
              return t3(e4);
            }
          });
        })(t2);
        return void 0 !== oe ? oe : (b2.catchError && b2.catchError(t2, e2), U);
      }
      if (!g3) throw t2;
      if (!t2 || "function" != typeof t2.then) throw t2;
      return t2.then(function t3() {
        try {
          var r2 = B2(function() {
            return q2(z3, n2, o4, u3, e2, g3, k3, b2);
          });
          return e2._suspended ? M(r2) : r2;
        } catch (e3) {
          if (!e3 || "function" != typeof e3.then) throw e3;
          return e3.then(t3);
        }
      });
    }
  }
  var ie, ae = "<" + Z2, ue = U;
  for (var ce in F3) {
    var fe = F3[ce];
    if ("function" != typeof (fe = V2(fe) ? fe.value : fe) || "class" === ce || "className" === ce) {
      switch (ce) {
        case "children":
          ie = fe;
          continue;
        case "key":
        case "ref":
        case "__self":
        case "__source":
          continue;
        case "htmlFor":
          if ("for" in F3) continue;
          ce = "for";
          break;
        case "className":
          if ("class" in F3) continue;
          ce = "class";
          break;
        case "defaultChecked":
          ce = "checked";
          break;
        case "defaultSelected":
          ce = "selected";
          break;
        case "defaultValue":
        case "value":
          switch (ce = "value", Z2) {
            case "textarea":
              ie = fe;
              continue;
            case "select":
              u3 = fe;
              continue;
            case "option":
              u3 != fe || "selected" in F3 || (ae += " selected");
          }
          break;
        case "dangerouslySetInnerHTML":
          ue = fe && fe.__html;
          continue;
        case "style":
          "object" == typeof fe && (fe = x2(fe));
          break;
        case "acceptCharset":
          ce = "accept-charset";
          break;
        case "httpEquiv":
          ce = "http-equiv";
          break;
        default:
          if (f2.test(ce)) continue;
          s2.test(ce) ? ce = ce.replace(s2, "$1:$2").toLowerCase() : "-" !== ce[4] && !h2.has(ce) || null == fe ? o4 ? p2.test(ce) && (ce = "panose1" === ce ? "panose-1" : ce.replace(/([A-Z])/g, "-$1").toLowerCase()) : l2.test(ce) && (ce = ce.toLowerCase()) : fe += U;
      }
      null != fe && false !== fe && (ae = true === fe || fe === U ? ae + " " + ce : ae + " " + ce + '="' + _2(fe + U) + '"');
    }
  }
  if (f2.test(Z2)) throw new Error(Z2 + " is not a valid HTML tag name in " + ae + ">");
  if (ue || ("string" == typeof ie ? ue = _2(ie) : null != ie && false !== ie && true !== ie && (ue = q2(ie, n2, "svg" === Z2 || "foreignObject" !== Z2 && o4, u3, e2, g3, k3, b2))), b2.afterDiff && b2.afterDiff(e2), b2.unmountHook && b2.unmountHook(e2), !ue && I2.has(Z2)) return ae + "/>";
  var se = "</" + Z2 + ">", le = ae + ">";
  return P2(ue) ? [le].concat(ue, [se]) : "string" != typeof ue ? [le, ue, se] : le + ue + se;
}
var I2 = /* @__PURE__ */ new Set(["area", "base", "br", "col", "command", "embed", "hr", "img", "input", "keygen", "link", "meta", "param", "source", "track", "wbr"]);
function V2(e2) {
  return null !== e2 && "object" == typeof e2 && "function" == typeof e2.peek && "value" in e2;
}

// node_modules/preact/jsx-runtime/dist/jsxRuntime.mjs
var f3 = /* @__PURE__ */ Symbol.for("pv");
var o3 = 0;
function a3(t2, e2, n2, u3, a4, i3) {
  e2 || (e2 = {});
  var c3, l3, p3 = e2;
  if ("ref" in p3 && "function" != typeof t2) for (l3 in p3 = {}, e2) "ref" == l3 ? c3 = e2[l3] : p3[l3] = e2[l3];
  var s3 = { type: t2, props: p3, key: n2, ref: c3, __k: null, __: null, __b: 0, __e: null, __c: null, constructor: f3, __v: --o3, __i: -1, __u: 0 };
  return (a4 || i3) && (s3.__source = a4, s3.__self = i3), n.vnode && n.vnode(s3), s3;
}

// src/console/web/text.tsx
var hidden = new RegExp("[[\\p{C}\\p{Zl}\\p{Zp}\\p{Zs}\\p{Default_Ignorable_Code_Point}]--[ \\n\\t]]", "v");
var special = new RegExp("(\\[masked:[\\w.\\-]{1,80}\\])|([[\\p{C}\\p{Zl}\\p{Zp}\\p{Zs}\\p{Default_Ignorable_Code_Point}]--[ \\n\\t]]+)", "gv");
var NAMED = 8;
var names = {
  0: "NUL",
  8: "BS",
  13: "CR",
  27: "ESC",
  127: "DEL",
  160: "NBSP",
  173: "SHY",
  8203: "ZWSP",
  8205: "ZWJ",
  8206: "LRM",
  8207: "RLM",
  8234: "LRE",
  8235: "RLE",
  8236: "PDF",
  8237: "LRO",
  8238: "RLO",
  8294: "LRI",
  8295: "RLI",
  8296: "FSI",
  8297: "PDI",
  65279: "BOM"
};
function hasHidden(text) {
  return hidden.test(text);
}
function Visible({ text }) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(special)) {
    if (match.index > from) parts.push(text.slice(from, match.index));
    parts.push(match[1] === void 0 ? /* @__PURE__ */ a3(Hidden, { run: match[0] }) : /* @__PURE__ */ a3("mark", { class: "masked", children: match[0] }));
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push(text.slice(from));
  return /* @__PURE__ */ a3("bdi", { children: parts });
}
function Hidden({ run }) {
  const characters = [...run];
  const named = characters.slice(0, NAMED).map((character) => nameOf(character.codePointAt(0) ?? 0));
  const more = characters.length - named.length;
  return /* @__PURE__ */ a3("span", { class: "hidden-character", title: "a character that cannot be seen", children: [
    named.join(" "),
    more > 0 && ` and ${more} more`
  ] });
}
function nameOf(code) {
  const spelled = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  return names[code] ? `${names[code]} ${spelled}` : spelled;
}
function Code({ text }) {
  return /* @__PURE__ */ a3("pre", { class: "code", children: /* @__PURE__ */ a3("code", { children: /* @__PURE__ */ a3(Visible, { text }) }) });
}

// src/console/web/parts.tsx
var effectTones = {
  allow: "ok",
  approved: "ok",
  approve: "ok",
  complete: "ok",
  deny: "bad",
  denied: "bad",
  refused: "bad",
  fault: "bad",
  require_approval: "wait",
  pending: "wait",
  mask: "mask"
};
var effectWords = {
  allow: "allowed",
  deny: "denied",
  require_approval: "asked a person",
  approve: "approved",
  pending: "waiting"
};
var doesWords = {
  allow: "allows",
  deny: "denies",
  require_approval: "asks a person",
  mask: "masks",
  directive: "directs"
};
function Badge({ tone = "plain", children }) {
  return /* @__PURE__ */ a3("span", { class: `badge badge-${tone}`, children });
}
function Effect({ effect }) {
  return /* @__PURE__ */ a3(Badge, { tone: effectTones[effect] ?? "plain", children: effectWords[effect] ?? effect });
}
function Does({ effect }) {
  return /* @__PURE__ */ a3("span", { class: `effect-word effect-${effect}`, children: doesWords[effect] ?? effect });
}
function Age({ at, now }) {
  return /* @__PURE__ */ a3("time", { dateTime: new Date(at).toISOString(), title: utc(at), children: distance(at, now) });
}
function Moment({ at }) {
  const text = utc(typeof at === "string" ? Date.parse(at) : at);
  return /* @__PURE__ */ a3("time", { class: "moment", dateTime: text.replace(" ", "T").concat("Z"), children: [
    /* @__PURE__ */ a3("span", { class: "moment-date", children: text.slice(0, 10) }),
    " ",
    text.slice(11)
  ] });
}
function utc(at) {
  return new Date(at).toISOString().slice(0, 19).replace("T", " ");
}
function distance(at, now) {
  const seconds = Math.round(Math.abs(at - now) / 1e3);
  if (seconds < 10) return at > now ? "in a moment" : "just now";
  const [amount, unit] = seconds < 60 ? [seconds, "s"] : seconds < 3600 ? [Math.floor(seconds / 60), "min"] : seconds < 172800 ? [Math.floor(seconds / 3600), "h"] : [Math.floor(seconds / 86400), "days"];
  return at > now ? `in ${amount} ${unit}` : `${amount} ${unit} ago`;
}
function duration(ms) {
  return ms < 1e3 ? `${Math.round(ms)} ms` : ms < 6e4 ? `${(ms / 1e3).toFixed(1)} s` : `${(ms / 6e4).toFixed(1)} min`;
}
function Who({ requester }) {
  return /* @__PURE__ */ a3("span", { class: "who", children: [
    /* @__PURE__ */ a3("strong", { children: /* @__PURE__ */ a3(Visible, { text: requester.function ?? requester.subject }) }),
    requester.function !== null && /* @__PURE__ */ a3("span", { class: "muted", children: [
      " as ",
      /* @__PURE__ */ a3(Visible, { text: requester.subject })
    ] })
  ] });
}
function Reasons({ reasons }) {
  return /* @__PURE__ */ a3("ul", { class: "reasons", children: reasons.map((reason) => /* @__PURE__ */ a3("li", { children: [
    /* @__PURE__ */ a3("p", { class: "reason-head", children: [
      /* @__PURE__ */ a3("code", { class: "rule", children: reason.id }),
      reason.severity !== "medium" && reason.severity !== "low" && /* @__PURE__ */ a3(Badge, { tone: "bad", children: reason.severity })
    ] }),
    reason.message !== "" && /* @__PURE__ */ a3("p", { children: /* @__PURE__ */ a3(Visible, { text: reason.message }) }),
    reason.place !== null && /* @__PURE__ */ a3("p", { class: "place", children: reason.place })
  ] }, reason.id)) });
}
function Facts({ facts }) {
  return /* @__PURE__ */ a3("dl", { class: "facts", children: facts.map((fact) => /* @__PURE__ */ a3("div", { children: [
    /* @__PURE__ */ a3("dt", { children: fact.name }),
    fact.values.length === 0 && /* @__PURE__ */ a3("dd", { class: "muted", children: "none" }),
    fact.values.map((value) => /* @__PURE__ */ a3("dd", { class: /^[0-9a-f]{16,}$/.test(value) ? "long" : void 0, children: fact.code ? /* @__PURE__ */ a3(Code, { text: value }) : /* @__PURE__ */ a3(Visible, { text: value }) }))
  ] }, fact.name)) });
}
function Fingerprint({ value }) {
  return /* @__PURE__ */ a3("code", { class: "fingerprint", children: (value.match(/.{1,8}/g) ?? []).map((group) => /* @__PURE__ */ a3("span", { children: group })) });
}
function Empty({ title, children }) {
  return /* @__PURE__ */ a3("div", { class: "empty", children: [
    /* @__PURE__ */ a3(Gate, {}),
    /* @__PURE__ */ a3("h2", { children: title }),
    /* @__PURE__ */ a3("p", { children })
  ] });
}
function Gate() {
  return /* @__PURE__ */ a3("svg", { class: "gate", viewBox: "0 0 32 32", "aria-hidden": "true", focusable: "false", children: [
    /* @__PURE__ */ a3("path", { d: "M4 29V14C4 7.4 9.4 3 16 3s12 4.4 12 11v15", fill: "none", stroke: "currentColor", "stroke-width": "2.6" }),
    /* @__PURE__ */ a3("path", { d: "M11 29V15.5c0-3 2.2-5 5-5s5 2 5 5V29", fill: "none", stroke: "currentColor", "stroke-width": "2.2" }),
    /* @__PURE__ */ a3("path", { d: "M2.5 29h27", stroke: "currentColor", "stroke-width": "2.6", "stroke-linecap": "round" }),
    /* @__PURE__ */ a3("circle", { cx: "16", cy: "20", r: "1.9", fill: "currentColor", class: "gate-eye" })
  ] });
}
function Panel({
  title,
  aside,
  children
}) {
  return /* @__PURE__ */ a3("section", { class: "panel", children: [
    /* @__PURE__ */ a3("header", { children: [
      /* @__PURE__ */ a3("h2", { children: title }),
      aside
    ] }),
    children
  ] });
}

// src/console/web/layout.tsx
var places = [
  { href: "/waiting", name: "Waiting", icon: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM8 4.6V8l2.4 1.6" },
  { href: "/activity", name: "Activity", icon: "M1.5 8.5h3L6.6 3l2.9 10 2-4.5h3" },
  {
    href: "/policy",
    name: "Policy",
    icon: "M8 1.6 2.8 3.5v4.2c0 3 2.2 5.5 5.2 6.7 3-1.2 5.2-3.7 5.2-6.7V3.5L8 1.6Zm-2.3 6 1.7 1.7 3-3.2"
  },
  { href: "/status", name: "Status", icon: "M2 13.5h12M4 11V7.5M8 11V3.5M12 11V5.8" }
];
function Layout({ page, children }) {
  const isOpen = ({ href }) => page.viewer.places.includes(href.slice(1));
  return /* @__PURE__ */ a3("div", { class: "frame", children: [
    /* @__PURE__ */ a3("a", { class: "skip", href: "#main", children: "Skip to the content" }),
    /* @__PURE__ */ a3("header", { class: "rail", children: [
      /* @__PURE__ */ a3("a", { class: "brand", href: "/waiting", "aria-label": "Sallyport, waiting approvals", children: [
        /* @__PURE__ */ a3(Gate, {}),
        /* @__PURE__ */ a3("span", { children: "Sallyport" })
      ] }),
      /* @__PURE__ */ a3("nav", { "aria-label": "Console", children: places.filter(isOpen).map(({ href, name, icon }) => /* @__PURE__ */ a3("a", { href, "aria-current": isHere(page.path, href) ? "page" : void 0, children: [
        /* @__PURE__ */ a3("svg", { viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false", children: /* @__PURE__ */ a3(
          "path",
          {
            d: icon,
            fill: "none",
            stroke: "currentColor",
            "stroke-width": "1.5",
            "stroke-linecap": "round",
            "stroke-linejoin": "round"
          }
        ) }),
        /* @__PURE__ */ a3("span", { children: name }),
        href === "/waiting" && page.waiting > 0 && /* @__PURE__ */ a3("span", { class: "count", "data-waiting": page.waiting, children: [
          page.waiting,
          /* @__PURE__ */ a3("span", { class: "unseen", children: " waiting" })
        ] })
      ] }, href)) }),
      /* @__PURE__ */ a3("p", { class: "hint", children: [
        /* @__PURE__ */ a3("kbd", { children: "?" }),
        " for the keys"
      ] }),
      /* @__PURE__ */ a3("form", { class: "viewer", method: "post", action: "/logout", children: [
        /* @__PURE__ */ a3("input", { type: "hidden", name: "csrf", value: page.viewer.csrf }),
        /* @__PURE__ */ a3("p", { children: [
          /* @__PURE__ */ a3("strong", { children: /* @__PURE__ */ a3(Visible, { text: page.viewer.name }) }),
          /* @__PURE__ */ a3("span", { children: /* @__PURE__ */ a3(Visible, { text: page.viewer.tenant }) })
        ] }),
        /* @__PURE__ */ a3("button", { type: "submit", class: "quiet", children: "Log out" })
      ] })
    ] }),
    /* @__PURE__ */ a3("main", { id: "main", tabIndex: -1, children })
  ] });
}
function isHere(path, href) {
  return path === href || path.startsWith(`${href}/`) || href === "/waiting" && path.startsWith("/approvals/");
}
function Heading({
  title,
  above,
  children
}) {
  return /* @__PURE__ */ a3("div", { class: "heading", children: [
    above !== void 0 && /* @__PURE__ */ a3("p", { class: "above", children: above }),
    /* @__PURE__ */ a3("h1", { tabIndex: -1, children: title }),
    children !== void 0 && /* @__PURE__ */ a3("div", { class: "beside", children })
  ] });
}

// src/console/web/activity.tsx
var effects = [
  ["", "any decision"],
  ["allow", "allowed"],
  ["deny", "denied"],
  ["require_approval", "asked a person"],
  ["refused", "refused by the gateway"]
];
var dayName = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeZone: "UTC" });
function Activity({ view }) {
  return /* @__PURE__ */ a3($, { children: [
    /* @__PURE__ */ a3(Heading, { title: "Activity", children: /* @__PURE__ */ a3("p", { class: "muted", children: "times are UTC" }) }),
    /* @__PURE__ */ a3(FilterForm, { filters: view.filters }),
    view.fault !== null && /* @__PURE__ */ a3("p", { class: "barred", role: "alert", children: /* @__PURE__ */ a3(Visible, { text: view.fault }) }),
    view.exchanges.length === 0 && view.fault === null && /* @__PURE__ */ a3(Empty, { title: "Nothing matches", children: Object.values(view.filters).some((value) => value !== "") ? "No exchange fits these filters. Take one away, or look at another time." : "As soon as an agent calls Claude through this gateway, the call is here." }),
    view.exchanges.length > 0 && days(view.exchanges).map(([day, exchanges]) => /* @__PURE__ */ a3("section", { children: [
      /* @__PURE__ */ a3("h2", { class: "day", children: day }),
      /* @__PURE__ */ a3("ol", { class: "rows", children: exchanges.map((exchange) => /* @__PURE__ */ a3(Row, { exchange }, exchange.id)) })
    ] }, day)),
    view.next !== null && /* @__PURE__ */ a3("p", { class: "pager", children: /* @__PURE__ */ a3("a", { class: "button", href: `/activity?${view.next}`, rel: "next", children: "Older" }) })
  ] });
}
function FilterForm({ filters }) {
  return /* @__PURE__ */ a3("form", { class: "filters", method: "get", action: "/activity", "data-filters": true, children: [
    /* @__PURE__ */ a3("label", { children: [
      "Function",
      /* @__PURE__ */ a3("input", { name: "function", defaultValue: filters.function, placeholder: "nightly-report", autoComplete: "off" })
    ] }),
    /* @__PURE__ */ a3("label", { children: [
      "Principal",
      /* @__PURE__ */ a3("input", { name: "principal", defaultValue: filters.principal, placeholder: "ada@example.test", autoComplete: "off" })
    ] }),
    /* @__PURE__ */ a3("label", { children: [
      "Decision",
      /* @__PURE__ */ a3("select", { name: "effect", children: effects.map(([value, text]) => /* @__PURE__ */ a3("option", { value, selected: filters.effect === value, children: text }, value)) })
    ] }),
    /* @__PURE__ */ a3("label", { children: [
      "From",
      /* @__PURE__ */ a3("input", { name: "from", defaultValue: filters.from, placeholder: "2026-01-05 02:00", autoComplete: "off" })
    ] }),
    /* @__PURE__ */ a3("label", { children: [
      "To",
      /* @__PURE__ */ a3("input", { name: "to", defaultValue: filters.to, placeholder: "2026-01-05 03:00", autoComplete: "off" })
    ] }),
    /* @__PURE__ */ a3("button", { type: "submit", children: "Filter" })
  ] });
}
function Row({ exchange }) {
  const masked = exchange.masks.reduce((sum, mask) => sum + mask.count, 0);
  const { usage } = exchange;
  return /* @__PURE__ */ a3("li", { class: "row", children: /* @__PURE__ */ a3("a", { "data-item": true, href: `/activity/${encodeURIComponent(exchange.id)}`, children: [
    /* @__PURE__ */ a3("span", { class: "row-time", children: /* @__PURE__ */ a3("time", { dateTime: exchange.at, children: exchange.at.slice(11, 19) }) }),
    /* @__PURE__ */ a3("span", { class: "row-who", children: /* @__PURE__ */ a3(Who, { requester: { function: exchange.function, subject: exchange.subject ?? "nobody known" } }) }),
    /* @__PURE__ */ a3("span", { class: "row-what", children: /* @__PURE__ */ a3(Visible, { text: exchange.model ?? exchange.action ?? "" }) }),
    /* @__PURE__ */ a3("span", { class: "row-marks", children: [
      /* @__PURE__ */ a3(Effect, { effect: exchange.effect }),
      exchange.effect !== "allow" && exchange.rules.map((rule) => /* @__PURE__ */ a3("code", { class: "rule", children: rule }, rule)),
      exchange.calls !== null && exchange.calls.deny > 0 && /* @__PURE__ */ a3(Badge, { tone: "bad", children: [
        exchange.calls.deny,
        " ",
        exchange.calls.deny === 1 ? "call" : "calls",
        " denied"
      ] }),
      masked > 0 && /* @__PURE__ */ a3(Badge, { tone: "mask", children: [
        masked,
        " masked"
      ] }),
      exchange.end !== null && !["complete", "refused", "denied"].includes(exchange.end) && /* @__PURE__ */ a3(Badge, { tone: "bad", children: exchange.end.replaceAll("_", " ") }),
      exchange.end === null && /* @__PURE__ */ a3(Badge, { tone: "wait", children: "running" })
    ] }),
    /* @__PURE__ */ a3("span", { class: "row-size", children: [
      usage !== null && /* @__PURE__ */ a3("span", { title: "tokens in and out", children: [
        usage.input_tokens,
        " → ",
        usage.output_tokens
      ] }),
      exchange.duration_ms !== null && /* @__PURE__ */ a3("span", { children: duration(exchange.duration_ms) })
    ] })
  ] }) });
}
function days(exchanges) {
  const byDay = /* @__PURE__ */ new Map();
  for (const exchange of exchanges) {
    const day = dayName.format(Date.parse(exchange.at));
    const known = byDay.get(day);
    if (known) known.push(exchange);
    else byDay.set(day, [exchange]);
  }
  return [...byDay];
}

// src/console/web/approval_acts.tsx
function pathOf(id) {
  return `/approvals/${encodeURIComponent(id)}`;
}
function Acts({ view, page }) {
  const { cancel, breakGlass } = view.acts;
  const action = pathOf(view.approval.id);
  return /* @__PURE__ */ a3($, { children: [
    breakGlass && /* @__PURE__ */ a3("details", { class: "act", children: [
      /* @__PURE__ */ a3("summary", { children: "Emergency: approve alone" }),
      /* @__PURE__ */ a3("form", { method: "post", action, children: [
        /* @__PURE__ */ a3("input", { type: "hidden", name: "csrf", value: page.viewer.csrf }),
        /* @__PURE__ */ a3("input", { type: "hidden", name: "fingerprint", value: view.fingerprint }),
        /* @__PURE__ */ a3("p", { class: "muted", children: "It holds once, for a short time, whatever else is required. It is recorded with your reason, and another person has to review it." }),
        /* @__PURE__ */ a3("label", { class: "field", children: [
          "Why it cannot wait",
          /* @__PURE__ */ a3("textarea", { name: "comment", rows: 2, maxLength: 500, required: true })
        ] }),
        /* @__PURE__ */ a3("button", { type: "submit", name: "act", value: "break-glass", class: "deny", children: "Break the glass" })
      ] })
    ] }),
    cancel && /* @__PURE__ */ a3("form", { method: "post", action, class: "act", children: [
      /* @__PURE__ */ a3("input", { type: "hidden", name: "csrf", value: page.viewer.csrf }),
      /* @__PURE__ */ a3("button", { type: "submit", name: "act", value: "cancel", children: "Take the question back" })
    ] })
  ] });
}
function Review({ view, page }) {
  const { review, acts } = view;
  if (review === null) return null;
  if (review.closedAt !== null) {
    return /* @__PURE__ */ a3("div", { class: "act", children: [
      /* @__PURE__ */ a3("p", { children: [
        "Reviewed ",
        /* @__PURE__ */ a3(Moment, { at: review.closedAt }),
        " UTC"
      ] }),
      /* @__PURE__ */ a3("p", { class: "comment", children: /* @__PURE__ */ a3(Visible, { text: review.comment ?? "" }) })
    ] });
  }
  if (!acts.review) return /* @__PURE__ */ a3("p", { class: "act muted", children: "Another person still has to review that the glass was broken." });
  return /* @__PURE__ */ a3("form", { method: "post", action: pathOf(view.approval.id), class: "act", children: [
    /* @__PURE__ */ a3("input", { type: "hidden", name: "csrf", value: page.viewer.csrf }),
    /* @__PURE__ */ a3("label", { class: "field", children: [
      "Your review of the emergency",
      /* @__PURE__ */ a3("textarea", { name: "comment", rows: 2, maxLength: 500, required: true })
    ] }),
    /* @__PURE__ */ a3("button", { type: "submit", name: "act", value: "review", children: "Close the review" })
  ] });
}
function Revoke({ grant, view, page }) {
  const alive = (grant.state === "approved" || grant.state === "in_flight") && grant.expiresAt > page.now;
  if (!alive || !view.acts.revoke) return null;
  return /* @__PURE__ */ a3("form", { method: "post", action: pathOf(view.approval.id), class: "revoke", children: [
    /* @__PURE__ */ a3("input", { type: "hidden", name: "csrf", value: page.viewer.csrf }),
    /* @__PURE__ */ a3("input", { type: "hidden", name: "grant", value: grant.id }),
    /* @__PURE__ */ a3("button", { type: "submit", name: "act", value: "revoke", children: "Revoke" })
  ] });
}

// src/console/web/content.tsx
var DEPTH = 4;
function Rendered({ value, depth = 0 }) {
  if (typeof value === "string") {
    return isShort(value) ? /* @__PURE__ */ a3("span", { class: "value", children: /* @__PURE__ */ a3(Visible, { text: value }) }) : /* @__PURE__ */ a3(Code, { text: value });
  }
  if (value === null || typeof value !== "object") return /* @__PURE__ */ a3("code", { class: "value", children: String(value) });
  if (depth >= DEPTH) return /* @__PURE__ */ a3(Code, { text: JSON.stringify(value, null, 2) });
  if (Array.isArray(value)) return /* @__PURE__ */ a3(Sequence, { values: value, depth });
  const entries = Object.entries(value);
  if (entries.length === 0) return /* @__PURE__ */ a3("span", { class: "muted", children: "empty" });
  return /* @__PURE__ */ a3("dl", { class: "members", children: entries.map(([name, member]) => /* @__PURE__ */ a3("div", { children: [
    /* @__PURE__ */ a3("dt", { children: /* @__PURE__ */ a3(Visible, { text: name }) }),
    /* @__PURE__ */ a3("dd", { children: /* @__PURE__ */ a3(Rendered, { value: member, depth: depth + 1 }) })
  ] }, name)) });
}
function Sequence({ values, depth }) {
  if (values.length === 0) return /* @__PURE__ */ a3("span", { class: "muted", children: "none" });
  if (values.every((value) => typeof value === "string" && isShort(value))) {
    return /* @__PURE__ */ a3("span", { class: "words", children: values.map((value) => /* @__PURE__ */ a3("code", { children: /* @__PURE__ */ a3(Visible, { text: String(value) }) })) });
  }
  return /* @__PURE__ */ a3("ol", { class: "sequence", children: values.map((value) => /* @__PURE__ */ a3("li", { children: /* @__PURE__ */ a3(Rendered, { value, depth: depth + 1 }) })) });
}
function isShort(text) {
  return text.length <= 120 && !text.includes("\n");
}
function Raw({ text, title }) {
  return /* @__PURE__ */ a3("details", { class: "raw", "data-raw": true, children: [
    /* @__PURE__ */ a3("summary", { children: [
      title,
      hasHidden(text) && /* @__PURE__ */ a3(Badge, { tone: "bad", children: "hidden characters" })
    ] }),
    /* @__PURE__ */ a3(Code, { text })
  ] });
}
function Block({ block }) {
  if (typeof block.text === "string") {
    return /* @__PURE__ */ a3("div", { class: "prose", children: /* @__PURE__ */ a3(Visible, { text: block.text }) });
  }
  if (typeof block.thinking === "string") {
    return /* @__PURE__ */ a3("details", { class: "thinking", children: [
      /* @__PURE__ */ a3("summary", { children: "Thinking" }),
      block.thinking === "" ? /* @__PURE__ */ a3("p", { class: "muted", children: "not shown by Claude" }) : /* @__PURE__ */ a3("div", { class: "prose", children: /* @__PURE__ */ a3(Visible, { text: block.thinking }) })
    ] });
  }
  if (block.input !== void 0) return /* @__PURE__ */ a3(ToolInput, { input: block.input });
  return /* @__PURE__ */ a3(Code, { text: JSON.stringify(block, null, 2) });
}
function ToolInput({ input }) {
  const members = typeof input === "object" && input !== null && !Array.isArray(input) ? input : null;
  if (members === null || typeof members.command !== "string") return /* @__PURE__ */ a3(Rendered, { value: input });
  const { command, ...others } = members;
  return /* @__PURE__ */ a3($, { children: [
    /* @__PURE__ */ a3("pre", { class: "code command", children: /* @__PURE__ */ a3("code", { children: /* @__PURE__ */ a3(Visible, { text: command }) }) }),
    Object.keys(others).length > 0 && /* @__PURE__ */ a3(Rendered, { value: others })
  ] });
}

// src/console/web/approval.tsx
var scopeWords = {
  once: ["Once", "exactly this, one time"],
  session: ["This conversation", "whatever the same rules ask about in it"],
  time_boxed: ["For a while", "whatever the same rules ask about for this caller"]
};
var grantWords = {
  approved: "not used yet",
  in_flight: "being used",
  spent: "used"
};
function Approval({ view, page }) {
  const { approval } = view;
  return /* @__PURE__ */ a3($, { children: [
    /* @__PURE__ */ a3(
      Heading,
      {
        above: /* @__PURE__ */ a3("a", { href: "/waiting", children: "Waiting" }),
        title: /* @__PURE__ */ a3($, { children: [
          /* @__PURE__ */ a3(Visible, { text: approval.requester.function ?? approval.requester.subject }),
          approval.action === "tool.use" ? " wants to run " : " wants to ask ",
          /* @__PURE__ */ a3(Visible, { text: approval.resource })
        ] }),
        children: /* @__PURE__ */ a3("p", { class: "marks", children: [
          /* @__PURE__ */ a3(Effect, { effect: approval.status }),
          /* @__PURE__ */ a3("span", { class: "muted", children: [
            "asked ",
            /* @__PURE__ */ a3(Age, { at: approval.createdAt, now: page.now })
          ] }),
          approval.status === "pending" && /* @__PURE__ */ a3("span", { class: "muted", children: [
            "ends ",
            /* @__PURE__ */ a3(Age, { at: approval.expiresAt, now: page.now })
          ] })
        ] })
      }
    ),
    /* @__PURE__ */ a3("div", { class: "columns", children: [
      /* @__PURE__ */ a3("div", { children: [
        /* @__PURE__ */ a3(Panel, { title: approval.action === "tool.use" ? "What would run" : "What would be sent", children: view.content === null ? /* @__PURE__ */ a3("p", { class: "muted", children: "It is not kept any more." }) : /* @__PURE__ */ a3($, { children: [
          /* @__PURE__ */ a3(Bound, { content: view.content, tool: approval.action === "tool.use" }),
          view.leftOut !== null && /* @__PURE__ */ a3("p", { class: "barred left-out", children: [
            "Not shown above: ",
            view.leftOut,
            "."
          ] }),
          view.raw !== null && /* @__PURE__ */ a3(Raw, { text: view.raw, title: "Exactly what is bound" }),
          /* @__PURE__ */ a3("p", { class: "exact", children: [
            /* @__PURE__ */ a3("a", { href: `${pathOf(approval.id)}/content`, "data-whole": true, children: "The exact text" }),
            /* @__PURE__ */ a3("span", { class: "muted", children: " that the fingerprint is over" })
          ] })
        ] }) }),
        view.facts.length > 0 && /* @__PURE__ */ a3(Panel, { title: "What the gateway sees in it", children: /* @__PURE__ */ a3(Facts, { facts: view.facts }) }),
        view.difference !== null && /* @__PURE__ */ a3(Changed, { difference: view.difference, now: page.now })
      ] }),
      /* @__PURE__ */ a3("div", { class: "side", children: [
        /* @__PURE__ */ a3(Decide, { view, page }),
        /* @__PURE__ */ a3(Panel, { title: "Why it waits", children: /* @__PURE__ */ a3(Reasons, { reasons: approval.reasons }) }),
        /* @__PURE__ */ a3(Panel, { title: "Who asks", children: [
          /* @__PURE__ */ a3(Facts, { facts: requesterFacts(view) }),
          view.exchange !== null && /* @__PURE__ */ a3("p", { children: /* @__PURE__ */ a3("a", { href: `/activity/${encodeURIComponent(view.exchange)}`, children: "The exchange it came from" }) })
        ] })
      ] })
    ] })
  ] });
}
function Bound({ content, tool }) {
  if (tool) return /* @__PURE__ */ a3(ToolInput, { input: content.input ?? content });
  const body = typeof content.body === "object" && content.body !== null ? content.body : content;
  const { messages, ...others } = body;
  return /* @__PURE__ */ a3($, { children: [
    Array.isArray(messages) && /* @__PURE__ */ a3(Messages, { messages }),
    /* @__PURE__ */ a3(Rendered, { value: others })
  ] });
}
function Messages({ messages }) {
  return /* @__PURE__ */ a3("ol", { class: "messages", children: messages.map((message) => /* @__PURE__ */ a3("li", { class: `message message-${message.role === "assistant" ? "assistant" : "user"}`, children: [
    /* @__PURE__ */ a3("p", { class: "role", children: String(message.role) }),
    (typeof message.content === "string" ? [{ type: "text", text: message.content }] : message.content).map((block) => /* @__PURE__ */ a3(Block, { block }))
  ] })) });
}
function Decide({ view, page }) {
  const { approval } = view;
  const open = approval.status === "pending";
  return /* @__PURE__ */ a3("section", { class: `panel decide decide-${approval.status}`, "aria-label": "Decision", children: [
    /* @__PURE__ */ a3("header", { children: [
      /* @__PURE__ */ a3("h2", { children: open ? "Your decision" : "The decision" }),
      /* @__PURE__ */ a3("p", { class: "muted", children: [
        approval.approved,
        " of ",
        approval.quorum,
        " approved"
      ] })
    ] }),
    view.verdicts.length > 0 && /* @__PURE__ */ a3(Verdicts, { verdicts: view.verdicts }),
    !open && view.verdicts.length === 0 && /* @__PURE__ */ a3("p", { children: [
      "It is ",
      approval.status,
      "; nobody can decide on it any more. Asking again opens a new one."
    ] }),
    open && view.barred !== null && /* @__PURE__ */ a3("p", { class: "barred", children: /* @__PURE__ */ a3(Visible, { text: view.barred }) }),
    open && view.barred === null && /* @__PURE__ */ a3("form", { method: "post", action: pathOf(approval.id), "data-decide": true, children: [
      /* @__PURE__ */ a3("input", { type: "hidden", name: "csrf", value: page.viewer.csrf }),
      /* @__PURE__ */ a3("input", { type: "hidden", name: "fingerprint", value: view.fingerprint }),
      /* @__PURE__ */ a3(Scopes, { scopes: view.scopes, seconds: view.grantSeconds }),
      /* @__PURE__ */ a3("label", { class: "field", children: [
        "Comment",
        view.commentRequired ? "" : " (the caller sees it when you deny)",
        /* @__PURE__ */ a3("textarea", { name: "comment", rows: 2, maxLength: 500, required: view.commentRequired })
      ] }),
      /* @__PURE__ */ a3("div", { class: "buttons", children: [
        /* @__PURE__ */ a3("button", { type: "submit", name: "verdict", value: "approve", class: "approve", "aria-keyshortcuts": "a", children: "Approve" }),
        /* @__PURE__ */ a3("button", { type: "submit", name: "verdict", value: "deny", class: "deny", "aria-keyshortcuts": "d", children: "Deny" })
      ] }),
      /* @__PURE__ */ a3("p", { class: "bound-to", children: "Your decision is bound to this fingerprint of the content shown:" }),
      /* @__PURE__ */ a3(Fingerprint, { value: view.fingerprint })
    ] }),
    view.grants.length > 0 && /* @__PURE__ */ a3("ul", { class: "grants", children: view.grants.map((grant) => /* @__PURE__ */ a3("li", { children: [
      /* @__PURE__ */ a3(Badge, { tone: grant.state === "approved" ? "ok" : "plain", children: grantWords[grant.state] ?? grant.state }),
      /* @__PURE__ */ a3("span", { class: "muted", children: [
        scopeWords[grant.scope][0].toLowerCase(),
        grant.state === "approved" && /* @__PURE__ */ a3($, { children: [
          ", ends ",
          /* @__PURE__ */ a3(Age, { at: grant.expiresAt, now: page.now })
        ] })
      ] }),
      /* @__PURE__ */ a3(Revoke, { grant, view, page })
    ] }, grant.id)) }),
    (!open || view.barred !== null) && /* @__PURE__ */ a3(Fingerprint, { value: view.fingerprint }),
    open && /* @__PURE__ */ a3(Acts, { view, page }),
    /* @__PURE__ */ a3(Review, { view, page })
  ] });
}
function Scopes({ scopes, seconds }) {
  if (scopes.length === 1) {
    return /* @__PURE__ */ a3($, { children: [
      /* @__PURE__ */ a3("input", { type: "hidden", name: "scope", value: scopes[0] }),
      /* @__PURE__ */ a3("p", { class: "muted scope-one", children: [
        scopeWords[scopes[0]][0],
        ": ",
        scopeWords[scopes[0]][1]
      ] })
    ] });
  }
  return /* @__PURE__ */ a3("fieldset", { class: "scopes", children: [
    /* @__PURE__ */ a3("legend", { children: "An approval holds" }),
    scopes.map((scope, at) => /* @__PURE__ */ a3("label", { children: [
      /* @__PURE__ */ a3("input", { type: "radio", name: "scope", value: scope, defaultChecked: at === 0 }),
      /* @__PURE__ */ a3("span", { children: [
        /* @__PURE__ */ a3("strong", { children: scopeWords[scope][0] }),
        /* @__PURE__ */ a3("span", { class: "muted", children: [
          scopeWords[scope][1],
          scope === "once" ? "" : `, at most ${Math.round(seconds / 60)} min`
        ] })
      ] })
    ] }))
  ] });
}
function Verdicts({ verdicts }) {
  return /* @__PURE__ */ a3("ul", { class: "verdicts", children: verdicts.map((verdict) => /* @__PURE__ */ a3("li", { children: [
    /* @__PURE__ */ a3("p", { class: "marks", children: [
      /* @__PURE__ */ a3(Effect, { effect: verdict.verdict === "deny" ? "denied" : "approved" }),
      /* @__PURE__ */ a3("strong", { children: /* @__PURE__ */ a3(Visible, { text: verdict.person }) }),
      verdict.scope !== null && /* @__PURE__ */ a3(Badge, { children: scopeWords[verdict.scope][0].toLowerCase() }),
      verdict.breakGlass && /* @__PURE__ */ a3(Badge, { tone: "bad", children: "broke the glass" })
    ] }),
    verdict.comment !== null && verdict.comment !== "" && /* @__PURE__ */ a3("p", { class: "comment", children: /* @__PURE__ */ a3(Visible, { text: verdict.comment }) }),
    /* @__PURE__ */ a3("p", { class: "muted", children: [
      /* @__PURE__ */ a3(Moment, { at: verdict.at }),
      " UTC"
    ] })
  ] })) });
}
function Changed({ difference, now }) {
  const { changes, approvedAt, more } = difference;
  return /* @__PURE__ */ a3(
    Panel,
    {
      title: "Against what was last approved",
      aside: approvedAt !== null && /* @__PURE__ */ a3("p", { class: "muted", children: /* @__PURE__ */ a3(Age, { at: approvedAt, now }) }),
      children: [
        changes.length === 0 && /* @__PURE__ */ a3("p", { children: "Nothing is different." }),
        /* @__PURE__ */ a3("ul", { class: "changes", children: changes.map(({ path, before, after }) => /* @__PURE__ */ a3("li", { children: [
          /* @__PURE__ */ a3("p", { class: "place", children: /* @__PURE__ */ a3(Visible, { text: path }) }),
          before !== null && /* @__PURE__ */ a3("pre", { class: "code line-gone", children: [
            /* @__PURE__ */ a3("span", { class: "sign", children: "- " }),
            /* @__PURE__ */ a3(Visible, { text: before })
          ] }),
          after !== null && /* @__PURE__ */ a3("pre", { class: "code line-new", children: [
            /* @__PURE__ */ a3("span", { class: "sign", children: "+ " }),
            /* @__PURE__ */ a3(Visible, { text: after })
          ] })
        ] }, path)) }),
        more && /* @__PURE__ */ a3("p", { class: "muted", children: "There are more." })
      ]
    }
  );
}
function requesterFacts(view) {
  const { requester } = view.approval;
  return [
    { name: "function", values: [requester.function ?? "not stated"], code: false },
    { name: "subject", values: [requester.subject], code: false },
    { name: "tenant", values: [requester.tenant], code: false },
    { name: "person behind it", values: [requester.person ?? requester.owner ?? "not known"], code: false },
    { name: "may be decided by", values: view.groups, code: false },
    { name: "policy revision", values: [view.revision.slice(0, 16)], code: false }
  ];
}

// src/console/web/exchange.tsx
var recordings = {
  whole: ["ok", "Recording whole", "Every sealed segment opened, and the last one says that nothing is missing."],
  open: ["wait", "Recording not finished", "The exchange still runs, or a crash cut it off."],
  broken: ["bad", "Recording broken", "Something was changed, moved or taken away since it was written."],
  none: ["plain", "No content recorded", "Policy kept facts only, or the exchange ended before there was an answer."]
};
function Exchange({ view }) {
  const { exchange, recording, returned } = view;
  const [tone, title, text] = recordings[recording.state];
  return /* @__PURE__ */ a3($, { children: [
    /* @__PURE__ */ a3(
      Heading,
      {
        above: /* @__PURE__ */ a3("a", { href: "/activity", children: "Activity" }),
        title: /* @__PURE__ */ a3($, { children: [
          /* @__PURE__ */ a3(Visible, { text: exchange.function ?? exchange.subject ?? "Nobody known" }),
          " asked ",
          /* @__PURE__ */ a3(Visible, { text: returned?.model ?? exchange.model ?? exchange.action ?? "nothing known" })
        ] }),
        children: /* @__PURE__ */ a3("p", { class: "marks", children: [
          /* @__PURE__ */ a3(Effect, { effect: exchange.effect }),
          /* @__PURE__ */ a3("span", { class: "muted", children: [
            /* @__PURE__ */ a3(Moment, { at: exchange.at }),
            " UTC"
          ] })
        ] })
      }
    ),
    /* @__PURE__ */ a3("div", { class: `integrity integrity-${tone}`, children: [
      /* @__PURE__ */ a3(Badge, { tone, children: title }),
      /* @__PURE__ */ a3("span", { children: [
        text,
        recording.fault !== null && /* @__PURE__ */ a3($, { children: [
          " ",
          /* @__PURE__ */ a3(Visible, { text: recording.fault })
        ] })
      ] })
    ] }),
    /* @__PURE__ */ a3("div", { class: "columns", children: [
      /* @__PURE__ */ a3("div", { children: [
        returned === null ? /* @__PURE__ */ a3(Empty, { title: "Nothing came back that was kept", children: `The exchange ended as: ${exchange.end ?? "still running"}.` }) : /* @__PURE__ */ a3(Answer, { returned, places: view.places }),
        /* @__PURE__ */ a3(Panel, { title: "In the journal", aside: /* @__PURE__ */ a3("p", { class: "muted", children: [
          view.events.length,
          " events"
        ] }), children: /* @__PURE__ */ a3("ol", { class: "events", children: view.events.map((event) => /* @__PURE__ */ a3("li", { children: /* @__PURE__ */ a3(
          Raw,
          {
            text: JSON.stringify(event.body, null, 2),
            title: /* @__PURE__ */ a3($, { children: [
              /* @__PURE__ */ a3("code", { class: "rule", children: event.kind }),
              /* @__PURE__ */ a3("span", { class: "muted", children: [
                " ",
                utc(Date.parse(event.at)).slice(11),
                ", number ",
                event.seq
              ] })
            ] })
          }
        ) }, event.seq)) }) })
      ] }),
      /* @__PURE__ */ a3("div", { class: "side", children: [
        /* @__PURE__ */ a3(Panel, { title: "The decision", children: [
          /* @__PURE__ */ a3(Rules, { rules: exchange.rules, places: view.places }),
          /* @__PURE__ */ a3(Facts, { facts: decisionFacts(exchange) })
        ] }),
        /* @__PURE__ */ a3(Panel, { title: "Facts", children: /* @__PURE__ */ a3(Facts, { facts: exchangeFacts(exchange) }) }),
        exchange.masks.length > 0 && /* @__PURE__ */ a3(Panel, { title: "Masked", children: /* @__PURE__ */ a3("ul", { class: "tally", children: exchange.masks.map((mask) => /* @__PURE__ */ a3("li", { children: [
          /* @__PURE__ */ a3(Badge, { tone: "mask", children: mask.class }),
          /* @__PURE__ */ a3("span", { class: "muted", children: [
            mask.count,
            " × ",
            mask.detector
          ] })
        ] })) }) })
      ] })
    ] })
  ] });
}
function Answer({ returned, places: places2 }) {
  const calls = new Map(returned.calls.map((call) => [call.index, call]));
  const shown = new Set(returned.content.map((block) => block.index));
  return /* @__PURE__ */ a3(Panel, { title: "What came back", aside: /* @__PURE__ */ a3("p", { class: "muted", children: returned.stop_reason }), children: [
    /* @__PURE__ */ a3("ol", { class: "blocks", children: [
      returned.content.map((block) => /* @__PURE__ */ a3("li", { class: kindOf(block), children: [
        /* @__PURE__ */ a3(BlockHead, { block, call: calls.get(block.index ?? null) ?? null, places: places2 }),
        /* @__PURE__ */ a3(Block, { block })
      ] })),
      returned.calls.filter((call) => !shown.has(call.index)).map((call) => /* @__PURE__ */ a3("li", { class: "block-call", children: /* @__PURE__ */ a3(BlockHead, { block: { type: "tool_use" }, call, places: places2 }) })),
      returned.errors.map((error) => /* @__PURE__ */ a3("li", { class: "block-error", children: [
        /* @__PURE__ */ a3("p", { class: "block-head", children: /* @__PURE__ */ a3(Badge, { tone: "bad", children: "error" }) }),
        /* @__PURE__ */ a3(Block, { block: { type: "error", error } })
      ] }))
    ] }),
    returned.gaps > 0 && /* @__PURE__ */ a3("p", { class: "barred", children: [
      returned.gaps,
      " ",
      returned.gaps === 1 ? "stretch was" : "stretches were",
      " not recorded."
    ] })
  ] });
}
function BlockHead({
  block,
  call,
  places: places2
}) {
  const rules = Array.isArray(call?.rules) ? call.rules : [];
  const tool = call?.tool ?? block.name;
  if (tool === void 0 && call === null) return /* @__PURE__ */ a3("p", { class: "block-head muted", children: String(block.type ?? "block") });
  return /* @__PURE__ */ a3("div", { class: "block-head", children: [
    /* @__PURE__ */ a3("p", { class: "marks", children: [
      /* @__PURE__ */ a3("strong", { children: /* @__PURE__ */ a3(Visible, { text: String(tool) }) }),
      call !== null && /* @__PURE__ */ a3(Effect, { effect: String(call.effect) })
    ] }),
    rules.length > 0 && /* @__PURE__ */ a3(Rules, { rules, places: places2 })
  ] });
}
function Rules({ rules, places: places2 }) {
  if (rules.length === 0) return /* @__PURE__ */ a3("p", { class: "muted", children: "No rule spoke." });
  return /* @__PURE__ */ a3("ul", { class: "rules", children: rules.map((rule) => /* @__PURE__ */ a3("li", { children: [
    /* @__PURE__ */ a3("code", { class: "rule", children: rule }),
    places2[rule] !== void 0 && /* @__PURE__ */ a3("span", { class: "place", children: places2[rule] })
  ] })) });
}
function kindOf(block) {
  if (block.input !== void 0) return "block-call";
  return typeof block.thinking === "string" ? "block-thinking" : "block-text";
}
function decisionFacts(exchange) {
  return [
    { name: "policy", values: [exchange.policy?.version ?? "none"], code: false },
    { name: "revision", values: [exchange.policy?.revision.slice(0, 16) ?? "none"], code: false },
    { name: "ended", values: [[exchange.end ?? "running", exchange.code].filter(Boolean).join(", ")], code: false }
  ];
}
function exchangeFacts(exchange) {
  const { usage } = exchange;
  const fact = (name, value) => ({ name, values: [value ?? "none"], code: false });
  return [
    fact("exchange", exchange.id),
    fact("conversation", exchange.session),
    fact("subject", exchange.subject),
    fact("status", exchange.status === null ? null : String(exchange.status)),
    fact("took", exchange.duration_ms === null ? null : duration(exchange.duration_ms)),
    fact("tokens in, out", usage && `${usage.input_tokens}, ${usage.output_tokens}`),
    fact("lease", exchange.lease && `${exchange.lease.id} (${exchange.lease.role})`)
  ];
}

// src/console/web/policy.tsx
function Policy({ view, now }) {
  const { active } = view;
  return /* @__PURE__ */ a3($, { children: [
    /* @__PURE__ */ a3(Heading, { title: "Policy", children: /* @__PURE__ */ a3("p", { class: "muted", children: [
      "counted over ",
      view.counted.exchanges,
      " ",
      view.counted.exchanges === 1 ? "exchange" : "exchanges",
      " of the last day",
      view.counted.more && ", the newest"
    ] }) }),
    view.fault !== null && /* @__PURE__ */ a3("p", { class: "barred", role: "alert", children: /* @__PURE__ */ a3(Visible, { text: view.fault }) }),
    active === null ? /* @__PURE__ */ a3(Empty, { title: "No policy is active", children: "Every request is refused until there is one." }) : /* @__PURE__ */ a3(
      Panel,
      {
        title: `${active.bundle} ${active.version}`,
        aside: /* @__PURE__ */ a3(Badge, { tone: "ok", children: active.source === "builtin" ? "built in" : "signed" }),
        children: [
          /* @__PURE__ */ a3(
            Facts,
            {
              facts: [
                { name: "revision", values: [active.revision], code: false },
                { name: "bundle version", values: [String(active.bundleVersion)], code: false }
              ]
            }
          ),
          /* @__PURE__ */ a3("p", { class: "muted", children: [
            "active since ",
            /* @__PURE__ */ a3(Age, { at: active.activatedAt, now }),
            active.expiresAt !== null && /* @__PURE__ */ a3($, { children: [
              ", expires ",
              /* @__PURE__ */ a3(Age, { at: active.expiresAt, now })
            ] })
          ] })
        ]
      }
    ),
    groups(view.rules).map(([name, rules]) => /* @__PURE__ */ a3(Panel, { title: name, children: /* @__PURE__ */ a3("ul", { class: "ledger", children: rules.map((rule) => /* @__PURE__ */ a3(RuleLine, { rule, now }, `${rule.id} ${rule.place}`)) }) }, name)),
    view.detectors.length > 0 && /* @__PURE__ */ a3(Detectors, { detectors: view.detectors, now })
  ] });
}
function Detectors({ detectors, now }) {
  const busy = detectors.filter(({ masked }) => masked > 0);
  const quiet = detectors.filter(({ masked }) => masked === 0);
  return /* @__PURE__ */ a3(Panel, { title: "Detectors", aside: /* @__PURE__ */ a3("p", { class: "muted", children: [
    detectors.length,
    " in all"
  ] }), children: [
    busy.length > 0 && /* @__PURE__ */ a3(DetectorLines, { detectors: busy, now }),
    quiet.length > 0 && /* @__PURE__ */ a3("details", { class: "quiet-ones", children: [
      /* @__PURE__ */ a3("summary", { children: [
        quiet.length,
        " that masked nothing in the last day"
      ] }),
      /* @__PURE__ */ a3(DetectorLines, { detectors: quiet, now })
    ] })
  ] });
}
function DetectorLines({ detectors, now }) {
  return /* @__PURE__ */ a3("ul", { class: "ledger", children: detectors.map((detector) => /* @__PURE__ */ a3("li", { children: [
    /* @__PURE__ */ a3("span", { class: "ledger-name", children: [
      /* @__PURE__ */ a3("code", { class: "rule", children: detector.id }),
      /* @__PURE__ */ a3("span", { children: detector.label }),
      /* @__PURE__ */ a3("span", { class: "place", children: detector.class })
    ] }),
    detector.masked > 0 && /* @__PURE__ */ a3(Count, { count: detector.masked, word: "masked", last: detector.lastAt, now })
  ] }, detector.id)) });
}
function RuleLine({ rule, now }) {
  return /* @__PURE__ */ a3("li", { children: [
    /* @__PURE__ */ a3(Does, { effect: rule.effect }),
    /* @__PURE__ */ a3("span", { class: "ledger-name", children: [
      /* @__PURE__ */ a3("code", { class: "rule", children: rule.id }),
      /* @__PURE__ */ a3("span", { children: /* @__PURE__ */ a3(Visible, { text: rule.title }) }),
      /* @__PURE__ */ a3("span", { class: "place", children: rule.place })
    ] }),
    /* @__PURE__ */ a3(Count, { count: rule.fired, word: "spoke", last: rule.lastAt, now })
  ] });
}
function Count({
  count,
  word,
  last,
  now
}) {
  if (count === 0) return /* @__PURE__ */ a3("span", { class: "tally-count muted", children: "not in the last day" });
  return /* @__PURE__ */ a3("span", { class: "tally-count", children: [
    /* @__PURE__ */ a3("strong", { children: count }),
    " ",
    word,
    last !== null && /* @__PURE__ */ a3("span", { class: "muted", children: [
      ", ",
      /* @__PURE__ */ a3(Age, { at: Date.parse(last), now })
    ] })
  ] });
}
function groups(rules) {
  const byPackage = /* @__PURE__ */ new Map();
  for (const rule of rules) {
    const known = byPackage.get(rule.package);
    if (known) known.push(rule);
    else byPackage.set(rule.package, [rule]);
  }
  return [...byPackage];
}

// src/console/web/status.tsx
function Status({ view }) {
  const faulty = view.checks.filter((check) => check.fault !== null);
  return /* @__PURE__ */ a3($, { children: [
    /* @__PURE__ */ a3(Heading, { title: "Status", children: /* @__PURE__ */ a3(Badge, { tone: faulty.length === 0 ? "ok" : "bad", children: faulty.length === 0 ? "ready" : "not ready" }) }),
    /* @__PURE__ */ a3(Panel, { title: "What serving needs", children: /* @__PURE__ */ a3("ul", { class: "checks", children: view.checks.map((check) => /* @__PURE__ */ a3("li", { children: [
      /* @__PURE__ */ a3(Badge, { tone: check.fault === null ? "ok" : "bad", children: check.fault === null ? "well" : "fault" }),
      /* @__PURE__ */ a3("span", { children: [
        /* @__PURE__ */ a3("strong", { children: check.name }),
        check.fault !== null && /* @__PURE__ */ a3("span", { class: "muted", children: [
          " ",
          /* @__PURE__ */ a3(Visible, { text: check.fault })
        ] })
      ] })
    ] }, check.name)) }) }),
    /* @__PURE__ */ a3("div", { class: "tiles", children: view.sections.map((section) => /* @__PURE__ */ a3(Panel, { title: section.title, children: /* @__PURE__ */ a3(Facts, { facts: section.facts }) }, section.title)) })
  ] });
}

// src/console/web/waiting.tsx
function Waiting({ view, now }) {
  const { approvals, reviews } = view;
  return /* @__PURE__ */ a3($, { children: [
    /* @__PURE__ */ a3(Heading, { title: "Waiting", children: /* @__PURE__ */ a3("p", { class: "muted live", "aria-live": "polite", children: approvals.length === 0 ? "nothing to decide" : `${approvals.length} to decide` }) }),
    approvals.length === 0 ? /* @__PURE__ */ a3(Empty, { title: "The gate is quiet", children: "When policy wants a person to look at a call before it goes through, it appears here by itself." }) : /* @__PURE__ */ a3("ol", { class: "cards", children: approvals.map((approval) => /* @__PURE__ */ a3(WaitingCard, { approval, now }, approval.id)) }),
    reviews.length > 0 && /* @__PURE__ */ a3("div", { class: "due", children: /* @__PURE__ */ a3(Panel, { title: "To be reviewed: somebody broke the glass", children: /* @__PURE__ */ a3("ul", { children: reviews.map((review) => /* @__PURE__ */ a3(ReviewLine, { review, now }, review.id)) }) }) })
  ] });
}
function ReviewLine({ review, now }) {
  return /* @__PURE__ */ a3("li", { children: [
    /* @__PURE__ */ a3("a", { "data-item": true, href: `/approvals/${encodeURIComponent(review.id)}`, children: /* @__PURE__ */ a3(Visible, { text: review.gist === "" ? review.resource : review.gist }) }),
    /* @__PURE__ */ a3("span", { class: "muted", children: [
      /* @__PURE__ */ a3(Who, { requester: review.requester }),
      ", asked ",
      /* @__PURE__ */ a3(Age, { at: review.createdAt, now })
    ] })
  ] });
}
function WaitingCard({ approval, now }) {
  const soon = approval.expiresAt - now < 12e4;
  return /* @__PURE__ */ a3("li", { class: "card", children: /* @__PURE__ */ a3("a", { class: "card-link", "data-item": true, href: `/approvals/${encodeURIComponent(approval.id)}`, children: [
    /* @__PURE__ */ a3("span", { class: "card-top", children: [
      /* @__PURE__ */ a3("span", { class: "card-title", children: /* @__PURE__ */ a3(Visible, { text: approval.resource }) }),
      /* @__PURE__ */ a3("span", { class: "muted", children: [
        "asked ",
        /* @__PURE__ */ a3(Age, { at: approval.createdAt, now })
      ] })
    ] }),
    approval.gist !== "" && /* @__PURE__ */ a3("code", { class: "gist", children: /* @__PURE__ */ a3(Visible, { text: approval.gist }) }),
    /* @__PURE__ */ a3("span", { class: "card-bottom", children: [
      /* @__PURE__ */ a3(Who, { requester: approval.requester }),
      /* @__PURE__ */ a3("span", { class: "card-marks", children: [
        approval.reasons.map((reason) => /* @__PURE__ */ a3("code", { class: "rule", children: reason.id }, reason.id)),
        approval.quorum > 1 && /* @__PURE__ */ a3(Badge, { children: [
          approval.approved,
          " of ",
          approval.quorum,
          " approved"
        ] }),
        /* @__PURE__ */ a3(Badge, { tone: soon ? "bad" : "wait", children: [
          "ends ",
          /* @__PURE__ */ a3(Age, { at: approval.expiresAt, now })
        ] })
      ] })
    ] })
  ] }) });
}

// src/console/web/view.tsx
function PageView({ page }) {
  return /* @__PURE__ */ a3(Layout, { page, children: /* @__PURE__ */ a3(Body, { page }) });
}
function Body({ page }) {
  const { view, now } = page;
  switch (view.page) {
    case "waiting":
      return /* @__PURE__ */ a3(Waiting, { view, now });
    case "approval":
      return /* @__PURE__ */ a3(Approval, { view, page });
    case "activity":
      return /* @__PURE__ */ a3(Activity, { view });
    case "exchange":
      return /* @__PURE__ */ a3(Exchange, { view });
    case "policy":
      return /* @__PURE__ */ a3(Policy, { view, now });
    case "status":
      return /* @__PURE__ */ a3(Status, { view });
    case "notice":
      return /* @__PURE__ */ a3("div", { class: "empty notice", children: [
        /* @__PURE__ */ a3(Gate, {}),
        /* @__PURE__ */ a3(Heading, { title: view.heading }),
        /* @__PURE__ */ a3("p", { children: /* @__PURE__ */ a3(Visible, { text: view.text }) }),
        view.back !== null && /* @__PURE__ */ a3("p", { children: /* @__PURE__ */ a3("a", { class: "button", href: view.back.href, children: view.back.text }) })
      ] });
  }
}

// src/console/web/server.tsx
function renderPage(page) {
  return z2(/* @__PURE__ */ a3(PageView, { page }));
}
export {
  renderPage
};
