;; A node that takes memory until it gets no more, and then tries again.
(module
  @COMMON@
  @DESCRIBE@
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (loop $again
      (drop (memory.grow (i32.const 16)))
      (br $again))
    (unreachable))
)
