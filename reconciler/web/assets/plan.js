"use strict";
slotMap.build(longList.build("slots"));
longList.build("calls");
