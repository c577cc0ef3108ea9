;; A pack whose `describe` never ends.
(module
  @COMMON@
  (func (export "amdm:node/nodes@0.1.0#describe") (result i32)
    (loop $again (br $again))
    (unreachable))
  (func (export "amdm:node/nodes@0.1.0#execute") (param i32 i32 i32) (result i32) (call $done))
)
