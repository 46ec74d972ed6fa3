"use strict";
longList.build("events");
