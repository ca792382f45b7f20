// Classes with private fields, statics, getters and inheritance.
class Animal {
  #name; static count = 0;
  constructor(name) { this.#name = name; Animal.count++; }
  get name() { return this.#name.toUpperCase(); }
  static make(name) { return new this(name); }
  speak() { return `${this.name} speaks`; }
}
class Dog extends Animal { speak() { return `${super.speak()}: woof`; } }
const dog = Dog.make('rex');
console.log(dog.speak(), Animal.count, dog instanceof Animal, dog.constructor.name, Object.getPrototypeOf(Dog) === Animal);
