class Shape {
  static #count = 0;
  #name;
  constructor(name) { this.#name = name; Shape.#count++; }
  get name() { return this.#name; }
  set name(v) { if (!v) throw new TypeError('empty name'); this.#name = v; }
  area() { return 0; }
  describe() { return `${this.#name} with area ${this.area().toFixed(2)}`; }
  static get count() { return Shape.#count; }
  static isShape(x) { return #name in x; }
}
class Circle extends Shape {
  radius = 1;
  constructor(r) { super('circle'); this.radius = r; }
  area() { return Math.PI * this.radius ** 2; }
  toString() { return `Circle(${this.radius})`; }
}
class Square extends Shape {
  constructor(s) { super('square'); this.side = s; }
  area() { return this.side ** 2; }
  describe() { return super.describe().toUpperCase(); }
}
const shapes = [new Circle(2), new Square(3)];
for (const s of shapes) console.log(s.describe());
console.log(String(shapes[0]), `${shapes[0]}`, shapes);
console.log(Shape.count, Shape.isShape(shapes[0]), Shape.isShape({}));
try { shapes[0].name = ''; } catch (e) { console.log(e.name, e.message); }
console.log(shapes[0] instanceof Shape, Object.getPrototypeOf(Circle) === Shape, Circle.name);
console.log(class {}, class extends Shape {}, Circle);
