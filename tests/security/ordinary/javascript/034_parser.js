// A calculator by recursive descent.
const evaluate = (text) => {
  const tokens = text.match(/\d+(\.\d+)?|[-+*/()]/g);
  const factor = () => { const t = tokens.shift(); if (t === '(') { const v = sum(); tokens.shift(); return v; } return t === '-' ? -factor() : Number(t); };
  const product = () => { let v = factor(); while (/[*/]/.test(tokens[0])) v = tokens.shift() === '*' ? v * factor() : v / factor(); return v; };
  const sum = () => { let v = product(); while (/^[-+]$/.test(tokens[0])) v = tokens.shift() === '+' ? v + product() : v - product(); return v; };
  return sum();
};
console.log(['1+2*3', '(1+2)*3', '-4/2', '2*(3-(4-1))'].map(evaluate));
